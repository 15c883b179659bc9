//! What the ConfigMaps of a failing workload say of the words of its log, and what of it never leaves.

use types::{Diagnosis, Evidence};

use crate::casebook::gathered;

const ALL: &str = "envFrom: [{configMapRef: {name: settings}}]";
const FILES: &str = "volumeMounts: [{name: v, mountPath: /etc/shop}]}], volumes: [{name: v, configMap: {name: settings}";

/// The evidence of a pod whose container ends with these words, beside ConfigMaps with these data.
fn evidence(container: &str, log: &str, maps: &[(&str, serde_json::Value)]) -> Evidence {
    let log = serde_json::to_string(log).unwrap();
    let map = |it: &(&str, serde_json::Value)| {
        let metadata = serde_json::json!({"name": it.0, "namespace": "shop"});
        let map = serde_json::json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": it.1});
        format!("---\n{map}\n")
    };
    let maps: String = maps.iter().map(map).collect();
    gathered(&format!(
        "{{taken_at: 2026-11-24T03:00:00Z, root: Pod web-1, logs: [{{pod: web-1, container: app, previous: true, text: {log}}}]}}
---
apiVersion: v1
kind: Service
metadata: {{name: jobs-broker, namespace: shop}}
spec: {{selector: {{app: jobs}}, ports: [{{port: 5672}}]}}
---
apiVersion: v1
kind: Pod
metadata: {{name: web-1, namespace: shop, uid: web-1, creationTimestamp: 2026-11-24T02:50:00Z}}
spec: {{containers: [{{name: app, image: 'shop/web:1', {container}}}]}}
status:
  phase: Running
  containerStatuses:
    - name: app
      image: shop/web:1
      imageID: ''
      ready: false
      restartCount: 6
      state: {{waiting: {{reason: CrashLoopBackOff, message: back-off}}}}
      lastState: {{terminated: {{exitCode: 1, reason: Error, startedAt: 2026-11-24T02:58:00Z, finishedAt: 2026-11-24T02:58:20Z}}}}
{maps}"
    ))
}

fn told(evidence: &Evidence) -> Diagnosis {
    diagnosis::diagnose(evidence).into_iter().next().unwrap()
}

/// The key that is to blame, the first field, and the cause.
fn blamed(container: &str, log: &str, data: serde_json::Value) -> (Option<String>, String, String) {
    let told = told(&evidence(container, log, &[("settings", data)]));
    let mut facts = told.clues.iter().map(|it| it.fact.clone());
    let key = facts
        .clone()
        .find_map(|it| it.strip_prefix("ConfigMap shop/settings /data/").map(str::to_owned));
    let field = facts.find(|it| it.starts_with('/')).unwrap_or_default();
    (key, field.replace("/spec/containers/0", ""), told.cause)
}

/// What is offered, as it is before it is redacted.
fn patches(evidence: &Evidence) -> Vec<String> {
    let slips = evidence.slips.iter().filter(|it| it.config_map.is_some());
    slips.flat_map(|it| &it.edits).map(ToString::to_string).collect()
}

const NO_HOST: &str = "Error: getaddrinfo ENOTFOUND job-broker";

#[test]
fn a_host_that_nobody_knows_is_told_with_the_key_that_names_it_and_the_one_that_was_meant() {
    let data = serde_json::json!({"BROKER_HOST": "job-broker", "MODE": "fast"});
    let (key, field, cause) = blamed(ALL, NO_HOST, data.clone());
    assert_eq!((key.as_deref(), &*field), (Some("BROKER_HOST"), "/envFrom/0/configMapRef/name"));
    assert!(cause.contains("there is jobs-broker, which was probably meant"), "{cause}");
    let says = "it is key BROKER_HOST of ConfigMap settings, where it says \"job-broker\"";
    assert!(cause.contains(says), "{cause}");
    assert_eq!(
        patches(&evidence(ALL, NO_HOST, &[("settings", data)])),
        [r#"/data/BROKER_HOST: "job-broker" -> "jobs-broker""#]
    );

    let one = "env: [{name: AMQP, valueFrom: {configMapKeyRef: {name: settings, key: broker}}}]";
    let (key, field, cause) =
        blamed(one, NO_HOST, serde_json::json!({"broker": "amqp://job-broker:5672/"}));
    assert_eq!((key.as_deref(), &*field), (Some("broker"), "/env/0/valueFrom/configMapKeyRef/key"));
    assert!(cause.contains("AMQP is key broker of ConfigMap settings"), "{cause}");

    let file = serde_json::json!({"shop.yaml": "mode: fast\nbroker:\n  host: job-broker\n"});
    let (key, field, cause) = blamed(FILES, NO_HOST, file.clone());
    assert_eq!((key.as_deref(), &*field), (Some("shop.yaml"), "/volumeMounts/0/mountPath"));
    assert!(cause.contains("where it says \"host: job-broker\""), "{cause}");
    let patch = patches(&evidence(FILES, NO_HOST, &[("settings", file)]));
    assert!(patch[0].contains(r"host: jobs-broker\n"), "{patch:?}");
}

#[test]
fn only_what_the_container_is_given_is_searched() {
    let data = || serde_json::json!({"BROKER_HOST": "job-broker"});
    for container in [
        "env: [{name: MODE, value: fast}]",
        // A variable of the template's own hides it.
        "env: [{name: BROKER_HOST, valueFrom: {secretKeyRef: {name: s, key: k}}}], envFrom: [{configMapRef: {name: settings}}]",
        "envFrom: [{configMapRef: {name: other}}]",
    ] {
        let (key, _, cause) = blamed(container, NO_HOST, data());
        assert_eq!(key, None, "{cause}");
    }
    // Two keys have it: nothing says which one is read.
    let two = serde_json::json!({"BROKER_HOST": "job-broker", "EVENTS_HOST": "job-broker"});
    assert_eq!(blamed(ALL, NO_HOST, two).0, None);
    let items = "volumeMounts: [{name: v, mountPath: /etc/shop}]}], volumes: [{name: v, configMap: {name: settings, items: [{key: a, path: a}]}";
    assert_eq!(blamed(items, NO_HOST, serde_json::json!({"a": "x", "b": "job-broker"})).0, None);
}

#[test]
fn a_server_that_refuses_is_not_the_fault_of_the_key_that_names_it() {
    let said = "Error: connect ECONNREFUSED jobs-broker:5672";
    let data = serde_json::json!({"BROKER": "jobs-broker:5672"});
    let (key, field, cause) = blamed(ALL, said, data.clone());
    assert_eq!((key, &*field), (None, "/envFrom/0/configMapRef/name"), "{cause}");
    assert_eq!(patches(&evidence(ALL, said, &[("settings", data)])), [""; 0]);
}

#[test]
fn a_value_that_cannot_be_read_is_told_with_its_key() {
    let said = "app.py: error: argument --level: invalid choice: 'verbos' (choose from 'debug', 'info', 'verbose')";
    let data = serde_json::json!({"LEVEL": "verbos", "MODE": "fast"});
    let (key, _, cause) = blamed(ALL, said, data.clone());
    assert_eq!(key.as_deref(), Some("LEVEL"), "{cause}");
    let says = "where it says \"verbos\"; it takes verbose, which was probably meant";
    assert!(cause.contains(says), "{cause}");
    assert_eq!(
        patches(&evidence(ALL, said, &[("settings", data)])),
        [r#"/data/LEVEL: "verbos" -> "verbose""#]
    );

    let said = "ValueError: Redis URL must specify one of the following schemes (redis://, rediss://, unix://)";
    let data = serde_json::json!({"CELERY_BROKER_URL": "redis.corp.example:6379/0", "TZ": "UTC"});
    let (key, _, cause) = blamed(ALL, said, data);
    assert_eq!(key.as_deref(), Some("CELERY_BROKER_URL"), "{cause}");
    assert!(cause.contains("it names no scheme"), "{cause}");

    // A word that any text has is no value of one.
    let said = "ValueError: 'production' is not a valid Mode";
    let data = serde_json::json!({"NOTE": "what production has", "ENV": "x"});
    assert_eq!(blamed(ALL, said, data).0, None);
}

#[test]
fn a_file_a_setting_and_a_line_are_told_where_they_stand() {
    let said = "Error: open /srv/rules.yaml: no such file or directory";
    let data = serde_json::json!({"shop.yaml": "mode: fast\nrules: /srv/rules.yaml\n"});
    let (key, _, cause) = blamed(FILES, said, data);
    assert_eq!(key.as_deref(), Some("shop.yaml"), "{cause}");
    assert!(cause.contains("where it says \"rules: /srv/rules.yaml\""), "{cause}");

    let said = "Error: failed to load /etc/shop/settings.toml\n\nCaused by:\n    missing field `database_url`";
    let data =
        serde_json::json!({"settings.toml": "listen = \"0.0.0.0:8080\"\ndatabse_url = \"x\"\n"});
    let (key, _, cause) = blamed(FILES, said, data.clone());
    assert_eq!(key.as_deref(), Some("settings.toml"), "{cause}");
    assert!(cause.contains("has databse_url, where database_url was probably meant"), "{cause}");
    let patch = patches(&evidence(FILES, said, &[("settings", data)]));
    assert!(patch[0].contains("database_url"), "{patch:?}");

    let said = "nginx: [emerg] unknown directive \"lisen\" in /etc/shop/nginx.conf:2";
    let data = serde_json::json!({"nginx.conf": "server {\n  lisen 80;\n}\n"});
    let (key, _, cause) = blamed(FILES, said, data);
    assert_eq!(key.as_deref(), Some("nginx.conf"), "{cause}");
    assert!(cause.contains("where it says \"lisen 80;\""), "{cause}");
}

#[test]
fn a_text_that_uses_a_name_which_is_not_there_is_told_by_the_last_place_of_its_trace() {
    let said = "Failed to read config file: /etc/shop/gunicorn.conf.py
Traceback (most recent call last):
  File \"/usr/local/lib/python3.12/site-packages/gunicorn/app/base.py\", line 111, in get_config_from_filename
    spec.loader.exec_module(mod)
  File \"/etc/shop/gunicorn.conf.py\", line 3, in <module>
    preload_app = true
                  ^^^^
NameError: name 'true' is not defined. Did you mean: 'True'?";
    let text = "bind = '0.0.0.0:8000'\nworkers = 2\npreload_app = true\n";
    let (key, field, cause) =
        blamed(FILES, said, serde_json::json!({"gunicorn.conf.py": text, "other.py": ""}));
    assert_eq!(key.as_deref(), Some("gunicorn.conf.py"), "{cause}");
    assert_eq!(field, "/volumeMounts/0/mountPath");
    assert!(cause.contains("where it says \"preload_app = true\""), "{cause}");

    // What it calls fails in a file of the image, or for another reason than its text.
    let elsewhere = said.replace("/etc/shop/gunicorn.conf.py\", line 3", "/srv/app.py\", line 3");
    let another = said.replace("NameError: name 'true' is not defined", "RuntimeError: no luck");
    for said in [elsewhere, another.replace("Failed to read config file: ", "")] {
        let data = serde_json::json!({"gunicorn.conf.py": text, "other.py": ""});
        let (key, _, cause) = blamed(FILES, &said, data);
        assert!(!cause.contains("preload_app = true\""), "{key:?} {cause}");
    }
}

#[test]
fn a_line_by_its_number_in_front_of_the_file_is_told() {
    let said = "[Sat Nov 28 18:33:00.101221 2026] [ssl:warn] [pid 1:tid 1] AH01873: Init: Session Cache is not configured [hint: SSLSessionCache]
AH00526: Syntax error on line 4 of /etc/shop/heritage.conf:
Invalid command 'ProxyPas', perhaps misspelled or defined by a module not included in the server configuration";
    let text = "<VirtualHost *:8080>\n  ServerName a\n  DocumentRoot /b\n  ProxyPas /api http://api:8000/\n</VirtualHost>\n";
    let (key, field, cause) = blamed(FILES, said, serde_json::json!({"heritage.conf": text}));
    assert_eq!(key.as_deref(), Some("heritage.conf"), "{cause}");
    assert_eq!(field, "/volumeMounts/0/mountPath");
    assert!(cause.contains("on line 4 of /etc/shop/heritage.conf"), "{cause}");
    assert!(cause.contains("'ProxyPas'"), "{cause}");
    assert!(cause.contains("where it says \"ProxyPas /api http://api:8000/\""), "{cause}");
}

#[test]
fn a_secret_in_a_config_map_never_leaves() {
    const SECRET: &str = "Tr0ub4dor-3xqz9";
    let url = format!("postgres://shop:{SECRET}@job-broker:5432/shop");
    let file = format!("db:\n  password: {SECRET}\n  host: job-broker\n");
    let key =
        format!("-----BEGIN PRIVATE KEY-----\n{SECRET}job-broker\n-----END PRIVATE KEY-----\n");
    let cases = [
        (ALL, serde_json::json!({"DATABASE_URL": url})),
        (ALL, serde_json::json!({"DB_PASSWORD": format!("{SECRET} job-broker")})),
        (ALL, serde_json::json!({"NOTES": format!("password={SECRET} host=job-broker")})),
        (FILES, serde_json::json!({"db.yaml": file})),
        (FILES, serde_json::json!({"id.pem": key})),
    ];
    for (container, data) in cases {
        let evidence = evidence(container, NO_HOST, &[("settings", data.clone())]);
        let told = told(&evidence);
        let plans = remedy::plans(&diagnosis::diagnose(&evidence), &evidence);
        let all = [
            serde_json::to_string(&evidence).unwrap(),
            serde_json::to_string(&told).unwrap(),
            plans.iter().map(ToString::to_string).collect(),
            format!("{evidence:?}"),
        ];
        assert!(all.iter().all(|it| !it.contains(SECRET)), "{data}: {}", told.cause);
        assert_eq!(patches(&evidence), [""; 0], "{data}");
    }
}
