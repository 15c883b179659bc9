//! Which field of a container is told, by its last words and what its template says.

use types::Diagnosis;

use crate::casebook::gathered;

/// What the container of a pod has that ends at once, what it wrote, and objects beside it.
pub(crate) struct Case<'a> {
    pub(crate) container: &'a str,
    pub(crate) log: &'a str,
    pub(crate) beside: &'a str,
}

impl Case<'_> {
    pub(crate) fn told(&self) -> Diagnosis {
        let Self { container, log, beside } = self;
        let log = serde_json::to_string(log).unwrap();
        let page = format!(
            "taken_at: 2026-11-24T03:00:00Z
root: Pod web-1
logs:
  - {{pod: web-1, container: app, previous: true, text: {log}}}
---
apiVersion: v1
kind: Pod
metadata: {{name: web-1, namespace: shop, uid: web-1, labels: {{app: web}}, creationTimestamp: 2026-11-24T02:50:00Z}}
spec: {{containers: [{{name: app, image: 'shop/web:1', {container}}}]}}
status:
  phase: Running
  conditions: [{{type: Ready, status: 'False', lastTransitionTime: 2026-11-24T02:50:00Z}}]
  containerStatuses:
    - name: app
      image: shop/web:1
      imageID: ''
      ready: false
      restartCount: 6
      state: {{waiting: {{reason: CrashLoopBackOff, message: back-off 2m40s}}}}
      lastState: {{terminated: {{exitCode: 1, reason: Error, startedAt: 2026-11-24T02:58:00Z, finishedAt: 2026-11-24T02:58:20Z}}}}
{beside}"
        );
        diagnosis::diagnose(&gathered(&page)).into_iter().next().unwrap()
    }
}

/// The fields of the template that are told, below the container.
pub(crate) fn fields(told: &Diagnosis) -> Vec<&str> {
    let fields = told.clues.iter().map(|it| it.fact.as_str()).filter(|it| it.starts_with('/'));
    fields.map(|it| it.strip_prefix("/spec/containers/0").unwrap_or(it)).collect()
}

#[track_caller]
fn check(cases: &[(&str, &str, &str)]) {
    let mut wrong = vec![];
    for (container, log, expected) in cases {
        let told = Case { container, log, beside: "" }.told();
        let fields = fields(&told);
        if fields != [*expected] {
            wrong.push(format!("{log}\n  expected {expected}, told {fields:?}: {}", told.cause));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_value_that_cannot_be_read_is_told_where_it_stands() {
    check(&[
        (
            "env: [{name: REGION, value: eu}, {name: APP_TIMEOUT, value: '30'}]",
            r#"panic: time: missing unit in duration "30""#,
            "/env/1/value",
        ),
        (
            "env: [{name: WORKERS, value: four}]",
            "ValueError: invalid literal for int() with base 10: 'four'",
            "/env/0/value",
        ),
        (
            "env: [{name: PORT, value: 80a}, {name: MODE, value: fast}]",
            r#"Exception in thread "main" java.lang.NumberFormatException: For input string: "80a""#,
            "/env/0/value",
        ),
        (
            "args: [serve, '--port', 80a]",
            r#"Error: invalid argument "80a" for "--port" flag: strconv.ParseInt: parsing "80a": invalid syntax"#,
            "/args/2",
        ),
        (
            "args: ['--mode=fst']",
            "app.py: error: argument --mode: invalid choice: 'fst' (choose from 'fast', 'slow')",
            "/args/0",
        ),
        (
            "env: [{name: JAVA_OPTS, value: '-Xms64m -Xmx512mb'}]",
            "Invalid maximum heap size: -Xmx512mb\nError: Could not create the Java Virtual Machine.",
            "/env/0/value",
        ),
    ]);
}

#[test]
fn a_word_of_the_command_that_nobody_knows_is_told_where_it_stands() {
    check(&[
        (
            "command: [app], args: [serve, '--prot=8080']",
            "flag provided but not defined: -prot",
            "/args/1",
        ),
        (
            "command: [gunicorn, '--worker', '2', main]",
            "gunicorn: error: unrecognized arguments: --worker 2",
            "/command/1",
        ),
        ("command: [npm, run, strat]", "npm error Missing script: \"strat\"", "/command/2"),
        (
            "command: [python, -m, shop.mian]",
            "/usr/local/bin/python: No module named shop.mian",
            "/command/2",
        ),
        ("command: [sh, -c, 'frob --all']", "sh: frob: not found", "/command/2"),
        // Nothing of it stands there.
        ("command: [/start]", "Error: unknown flag: --prot", "/command"),
    ]);
}

#[test]
fn a_variable_that_is_missing_is_told_by_the_one_that_was_meant() {
    check(&[
        (
            "env: [{name: A, value: b}, {name: SPRING_DATASOURCE_URI, value: x}]",
            "Failed to configure a DataSource: 'url' attribute is not specified and no embedded datasource could be configured.",
            "/env/1/name",
        ),
        (
            "env: [{name: RAILS_ENV, value: production}, {name: SECRET_KEY, value: x}]",
            "ArgumentError: Missing `secret_key_base` for 'production' environment, set this string with `bin/rails credentials:edit`",
            "/env",
        ),
        // It is set, and empty.
        (
            "env: [{name: DATABASE_URL, value: ''}]",
            "Error: environment variable DATABASE_URL is not set",
            "/env/0/value",
        ),
    ]);
}

#[test]
fn what_a_program_is_given_is_told_where_it_does_not_suit() {
    check(&[
        (
            "env: [{name: JAVA_TOOL_OPTIONS, value: '-Xmx32m'}]",
            "Exception in thread \"main\" java.lang.OutOfMemoryError: Java heap space",
            "/env/0/value",
        ),
        (
            "env: [{name: PGDATA, value: /data}], volumeMounts: [{name: d, mountPath: /data}]",
            "initdb: error: directory \"/data\" exists but is not empty\ninitdb: detail: It contains a lost+found directory, perhaps due to it being a mount point.",
            "/env/0/value",
        ),
        (
            "volumeMounts: [{name: d, mountPath: /var/lib/postgresql/data}]",
            "initdb: error: directory \"/var/lib/postgresql/data\" exists but is not empty",
            "/volumeMounts/0/mountPath",
        ),
    ]);
}

#[test]
fn a_rejected_password_is_told_by_the_one_variable_that_may_have_it() {
    let rejected = r#"FATAL:  password authentication failed for user "shop""#;
    let secret = "valueFrom: {secretKeyRef: {name: pg, key: pass}}";
    let one = format!("env: [{{name: PGHOST, value: pg}}, {{name: PGPASSWORD, {secret}}}]");
    let two =
        format!("env: [{{name: REDIS_PASSWORD, value: a}}, {{name: POSTGRES_PASSWORD, {secret}}}]");
    let alike = format!("env: [{{name: A_PASSWORD, value: a}}, {{name: B_PASSWORD, {secret}}}]");
    check(&[
        (&one, rejected, "/env/1/valueFrom/secretKeyRef/key"),
        (&two, rejected, "/env/1/valueFrom/secretKeyRef/key"),
        // Which of two it is, nobody says.
        (&alike, rejected, ""),
    ]);
}

#[test]
fn a_value_that_many_lines_have_is_not_blamed_for_one() {
    let told = Case {
        container: "env: [{name: MODE, value: production}]",
        log: "Error: the 'production' worker went away, code 12",
        beside: "",
    }
    .told();

    assert_eq!(fields(&told), [""], "{}", told.cause);
}

#[test]
fn a_host_that_nobody_names_is_the_one_that_the_variables_have() {
    let refused = "httpx.ConnectError: [Errno 111] Connection refused";
    let told = |container| Case { container, log: refused, beside: "" }.told();

    let one =
        told("env: [{name: MODE, value: fast}, {name: API_URL, value: 'http://api:8080/v1'}]");
    assert_eq!(fields(&one), ["/env/1/value"], "{}", one.cause);
    assert!(one.cause.contains("only API_URL names a host, api:8080"), "{}", one.cause);
    assert!(
        one.clues.iter().any(|it| it.fact == "containers[app].needs" && it.value == "api:8080")
    );

    // Two of them, the pod itself, the world outside.
    for container in [
        "env: [{name: API_URL, value: 'http://api'}, {name: REDIS_HOST, value: redis}]",
        "env: [{name: API_URL, value: 'http://localhost:80'}]",
        "env: [{name: API_URL, value: 'https://api.example.com'}]",
    ] {
        let told = told(container);
        assert!(!told.clues.iter().any(|it| it.fact.ends_with("].needs")), "{}", told.cause);
    }
}

#[test]
fn a_host_in_the_command_is_told_where_it_stands() {
    check(&[(
        "command: [sh, -c, 'wget -q http://apii:80/']",
        "wget: bad address 'apii:80'",
        "/command/2",
    )]);
}

/// What is told of a broken configuration, with these mounts of a ConfigMap that has these keys.
fn told_of_config(container: &str, keys: &str) -> Diagnosis {
    let beside = format!(
        "---
apiVersion: v1
kind: ConfigMap
metadata: {{name: valkey, namespace: shop}}
data: {{{keys}}}
"
    );
    let container = format!(
        "{container}, volumeMounts: [{{name: c, mountPath: /etc/valkey}}]}}], volumes: [{{name: c, configMap: {{name: valkey}}"
    );
    let log = "*** FATAL CONFIG FILE ERROR (Version 8.0.1) ***\nReading the configuration file, at line 3\n>>> 'maxmemory-polcy allkeys-lru'";
    Case { container: &container, log, beside: &beside }.told()
}

#[test]
fn a_broken_configuration_is_told_with_the_file_that_the_command_names_or_the_only_one() {
    let mount = "/volumeMounts/0/mountPath";
    let only = told_of_config("env: []", "valkey.conf: x");
    assert_eq!(fields(&only), [mount], "{}", only.cause);
    assert!(only.cause.contains("key valkey.conf of ConfigMap valkey"), "{}", only.cause);

    let two = "valkey.conf: x, users.acl: x";
    let named = told_of_config("args: [valkey-server, /etc/valkey/valkey.conf]", two);
    assert_eq!(fields(&named), [mount], "{}", named.cause);
    assert!(named.cause.contains("key valkey.conf of ConfigMap valkey"), "{}", named.cause);

    let unnamed = told_of_config("env: []", two);
    assert_eq!(fields(&unnamed), ["/spec/volumes/0/configMap/name"], "{}", unnamed.cause);
    assert!(!unnamed.cause.contains("key "), "{}", unnamed.cause);
}

#[test]
fn the_variable_with_the_port_is_told_where_the_service_beside_it_has_no_such_port() {
    let log = "sqlalchemy.exc.OperationalError: (pymysql.err.OperationalError) (2003, \"Can't connect to MySQL server on 'tenders-db' (timed out)\")";
    let beside = "---
apiVersion: v1
kind: Service
metadata: {name: tenders-db, namespace: shop}
spec: {selector: {app: tenders-db}, ports: [{port: 3306}]}
";
    for (port, expected) in [("3307", "/env/1/value"), ("3306", "/env/0/value")] {
        let container = format!(
            "env: [{{name: DB_HOST, value: tenders-db}}, {{name: DB_PORT, value: '{port}'}}]"
        );
        let told = Case { container: &container, log, beside }.told();
        assert_eq!(fields(&told), [expected], "{}", told.cause);
        assert_eq!(
            told.cause.contains("has no port 3307, which DB_PORT names, but 3306"),
            port == "3307"
        );
    }
}
