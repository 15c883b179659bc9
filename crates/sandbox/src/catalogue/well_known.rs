//! The images that everybody expects to find.

use std::collections::BTreeMap;

use super::{Behaviour, Catalogue, Image};

const MEGABYTE: u64 = 1_000_000;

pub(super) fn fill(catalogue: &mut Catalogue) {
    for tag in ["1.36", "1.37", "latest"] {
        add(catalogue, &format!("busybox:{tag}"), shell("sh", 2));
    }
    for tag in ["3.19", "3.20", "latest"] {
        add(catalogue, &format!("alpine:{tag}"), shell("/bin/sh", 4));
    }
    for tag in ["1.25", "1.26", "1.27", "1.27-alpine", "stable", "latest"] {
        add(catalogue, &format!("nginx:{tag}"), nginx());
    }
    for tag in ["2.4", "latest"] {
        add(catalogue, &format!("httpd:{tag}"), server("httpd-foreground", &[80], "httpd", 60));
    }
    for tag in ["6", "7", "7.2", "7-alpine", "latest"] {
        add(catalogue, &format!("redis:{tag}"), redis());
    }
    for tag in ["15", "16", "16-alpine", "latest"] {
        add(catalogue, &format!("postgres:{tag}"), postgres());
    }
    for tag in ["1.0", "latest"] {
        add(
            catalogue,
            &format!("polinux/stress:{tag}"),
            Image { programs: vec!["stress".to_owned()], ..shell("stress", 4) },
        );
    }
    for name in ["registry.k8s.io/pause:3.9", "registry.k8s.io/pause:3.10"] {
        let behaviour = Behaviour { log: Vec::new(), ..Behaviour::default() };
        add(catalogue, name, Image { behaviour, ..server("/pause", &[], "pause", 1) });
    }
    for tag in ["1", "2", "latest"] {
        add(catalogue, &format!("private.example/app:{tag}"), server("/app", &[8080], "app", 20));
    }
    // An application whose versions differ as those of a real one do: 2.1 needs more memory,
    // 2.2 needs a setting, 2.3 answers late, 2.4 stops at once.
    let app = |behaviour: Behaviour| Image { behaviour, ..server("/app", &[8080], "app", 40) };
    let web = Behaviour {
        ports: vec![8080],
        log: vec!["listening on :8080".to_owned()],
        ..Behaviour::default()
    };
    let versions = [
        ("2.0", web.clone()),
        (
            "2.1",
            Behaviour { memory_need: Some("180Mi".to_owned()), memory_after: 2.0, ..web.clone() },
        ),
        ("2.2", Behaviour { needs_env: vec!["DATABASE_URL".to_owned()], ..web.clone() }),
        ("2.3", Behaviour { ready_after: 40.0, ..web.clone() }),
        (
            "2.4",
            Behaviour {
                exit_code: Some(1),
                exit_after: 1.0,
                error: Some("FATAL: schema version 7 is not supported".to_owned()),
                ..web
            },
        ),
    ];
    for (tag, behaviour) in versions {
        add(catalogue, &format!("registry.example/shop/web:{tag}"), app(behaviour));
    }
}

/// All names above are names of images.
fn add(catalogue: &mut Catalogue, name: &str, image: Image) {
    let added = catalogue.add(name, image);
    debug_assert!(added, "{name}");
}

fn shell(command: &str, megabytes: u64) -> Image {
    Image { command: vec![command.to_owned()], size: megabytes * MEGABYTE, ..Image::default() }
}

fn server(program: &str, ports: &[u16], name: &str, megabytes: u64) -> Image {
    Image {
        programs: vec![program.to_owned()],
        behaviour: Behaviour {
            log: vec![format!("{name}: ready")],
            memory_need: Some("4Mi".to_owned()),
            ready_after: 0.05,
            ..Behaviour::server(ports)
        },
        ..shell(program, megabytes)
    }
}

fn nginx() -> Image {
    let mut image = server("nginx", &[80], "nginx", 72);
    image.programs.push("/docker-entrypoint.sh".to_owned());
    image.command =
        ["/docker-entrypoint.sh", "nginx", "-g", "daemon off;"].map(str::to_owned).into();
    image.behaviour.paths =
        Some(["/", "/index.html", "/healthz", "/50x.html"].map(str::to_owned).into());
    image.behaviour.log = vec![
        "/docker-entrypoint.sh: Configuration complete; ready for start up".to_owned(),
        "[notice] 1#1: start worker processes".to_owned(),
    ];
    image
}

fn redis() -> Image {
    let mut image = server("redis-server", &[6379], "redis", 45);
    image.programs.push("redis-cli".to_owned());
    image.behaviour.paths = Some(Vec::new());
    image.behaviour.log = vec!["1:M * Ready to accept connections tcp".to_owned()];
    image
}

fn postgres() -> Image {
    let mut image = server("postgres", &[5432], "postgres", 160);
    image.programs.extend(["docker-entrypoint.sh", "pg_isready", "psql"].map(str::to_owned));
    image.command = ["docker-entrypoint.sh", "postgres"].map(str::to_owned).into();
    image.env = BTreeMap::from([("PGDATA".to_owned(), "/var/lib/postgresql/data".to_owned())]);
    image.behaviour = Behaviour {
        needs_env: vec!["POSTGRES_PASSWORD".to_owned()],
        memory_need: Some("24Mi".to_owned()),
        ready_after: 2.0,
        paths: Some(Vec::new()),
        log: vec![
            "LOG:  starting PostgreSQL 16.4".to_owned(),
            "LOG:  database system is ready to accept connections".to_owned(),
        ],
        error: Some(
            "Error: Database is uninitialized and superuser password is not specified.\n       \
             You must specify POSTGRES_PASSWORD to a non-empty value for the\n       \
             superuser. For example, \"-e POSTGRES_PASSWORD=password\" on \"docker run\"."
                .to_owned(),
        ),
        ..Behaviour::server(&[5432])
    };
    image
}
