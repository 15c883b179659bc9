//! What a program complains of without saying where it comes from: the mode of a key, a host that it does not
//! trust, a disk, a configuration, what a Secret gives.

use types::Diagnosis;

use crate::fields::{Case, fields};

const CONFIG_MAP: &str = "---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: shop}
data: DATA
";

#[track_caller]
fn check((container, log, beside): (&str, &str, &str), field: &str, words: &[&str]) -> Diagnosis {
    let told = Case { container, log, beside }.told();
    assert_eq!(fields(&told).first(), Some(&field), "{}", told.cause);
    for it in words {
        assert!(told.cause.contains(it), "{it}: {}", told.cause);
    }
    told
}

#[track_caller]
fn refuse((container, log, beside): (&str, &str, &str), field: &str) {
    let told = Case { container, log, beside }.told();
    assert!(fields(&told).iter().all(|it| !it.starts_with(field)), "{}", told.cause);
}

fn holder(told: &Diagnosis) -> Option<&str> {
    let facts = told.clues.iter().map(|it| it.fact.as_str());
    facts.into_iter().find(|it| it.starts_with("ConfigMap "))
}

fn map(data: &str) -> String {
    CONFIG_MAP.replace("DATA", data)
}

/// The end of the container, and the volumes of its pod.
fn mounting(mounts: &str, volumes: &str) -> String {
    let end = volumes.strip_suffix('}').unwrap();
    format!("volumeMounts: [{mounts}]}}], volumes: [{end}")
}

const KEY: &str = "WARNING: UNPROTECTED PRIVATE KEY FILE!
Permissions 0620 for '/keys/id' are too open.
This private key will be ignored.
Load key \"/keys/id\": bad permissions
git@git.acme.io: Permission denied (publickey).
fatal: Could not read from remote repository.";

#[test]
fn the_mode_of_a_key_is_told_with_what_gives_it() {
    let of = |volume: &str| {
        mounting("{name: keys, mountPath: /keys}", &format!("{{name: keys, {volume}}}"))
    };
    let decimal = of("secret: {secretName: ssh, defaultMode: 400}");
    let words = [
        "/keys/id",
        "Secret ssh",
        "the mode 400",
        "0620 in octal",
        "0400 was probably meant",
        "256",
    ];
    check((&decimal, KEY, ""), "/spec/volumes/0/secret/defaultMode", &words);
    let default = of("secret: {secretName: ssh}");
    check((&default, KEY, ""), "/spec/volumes/0/secret/defaultMode", &["gives the mode 0644"]);
    let own =
        of("secret: {secretName: ssh, defaultMode: 256, items: [{key: k, path: id, mode: 420}]}");
    check((&own, KEY, ""), "/spec/volumes/0/secret/items/0/mode", &["gives the mode 0644"]);
    let projected = of("projected: {defaultMode: 440, sources: [{secret: {name: ssh}}]}");
    check(
        (&projected, KEY, ""),
        "/spec/volumes/0/projected/defaultMode",
        &["0440 was probably meant"],
    );
    let group = format!(
        "{}}}], securityContext: {{fsGroup: 1000}}, initContainers: [{{name: x, image: y",
        of("secret: {secretName: ssh, defaultMode: 256}")
    );
    check((&group, KEY, ""), "/spec/securityContext/fsGroup", &["fsGroup 1000"]);
    let beat = mounting(
        "{name: c, mountPath: /usr/share/filebeat/filebeat.yml, subPath: filebeat.yml}, {name: d, mountPath: /data}",
        "{name: d, emptyDir: {}}, {name: c, configMap: {name: settings, defaultMode: 438}}",
    );
    let said = "Exiting: error loading config file: config file (\"filebeat.yml\") can only be writable by the owner but the permissions are \"-rw-rw-rw-\" (to fix the permissions use: 'chmod go-w /usr/share/filebeat/filebeat.yml')";
    check(
        (&beat, said, ""),
        "/spec/volumes/1/configMap/defaultMode",
        &["ConfigMap settings", "0666"],
    );
    // No file is named, and one Secret is mounted.
    let said = "@ WARNING: UNPROTECTED PRIVATE KEY FILE! @";
    check((&decimal, said, ""), "/spec/volumes/0/secret/defaultMode", &["0400 was probably meant"]);
    // A key that a server does not know is none that is not read.
    refuse((&decimal, "git@git.acme.io: Permission denied (publickey).", ""), "/spec/volumes");
}

#[test]
fn a_host_that_is_not_trusted_is_told_with_the_file_of_those_that_are() {
    let mounted =
        mounting("{name: k, mountPath: /etc/git}", "{name: k, secret: {secretName: git-ssh}}");
    let container = format!(
        "env: [{{name: GITSYNC_SSH_KNOWN_HOSTS_FILE, value: /etc/git/known_hosts}}], {mounted}"
    );
    let said = "{\"msg\":\"error syncing repo, will retry\",\"error\":\"Run(git fetch): exit status 128: { stdout: \\\"\\\", stderr: \\\"Host key verification failed.\\\" }\"}\n{\"level\":0,\"msg\":\"too many failures, aborting\",\"failCount\":1}";
    check(
        (&container, said, ""),
        "/env/0/value",
        &["host key", "/etc/git/known_hosts, a file of Secret git-ssh"],
    );
}

#[test]
fn the_end_of_it_all_is_not_why() {
    let said = "{\"msg\":\"sync failed, will retry\",\"error\":\"the index is from another branch\"}\n{\"level\":\"info\",\"msg\":\"too many failures, aborting\"}";
    let told = Case { container: "command: [sync]", log: said, beside: "" }.told();
    assert!(told.cause.contains("the index is from another branch"), "{}", told.cause);
}

#[test]
fn what_is_full_is_told() {
    let chrome = "[1128/070442.002:ERROR:platform_shared_memory_region_posix.cc(217)] Creating shared memory in /dev/shm/.org.chromium.a failed: No space left on device (28)\n[1128/070442.003:FATAL:memory.cc(22)] Out of memory.";
    check(("command: [chrome]", chrome, ""), "/volumeMounts", &["/dev/shm is full", "64 MiB"]);
    let disk = "OSError: [Errno 28] No space left on device";
    let at =
        |volume: &str| mounting("{name: v, mountPath: /data}", &format!("{{name: v, {volume}}}"));
    let claim = at("persistentVolumeClaim: {claimName: data}");
    check(
        (&claim, disk, ""),
        "/spec/volumes/0/persistentVolumeClaim/claimName",
        &["probably full"],
    );
    let said = "OSError: [Errno 28] No space left on device: '/data/x'";
    check(
        (&claim, said, ""),
        "/spec/volumes/0/persistentVolumeClaim/claimName",
        &["which is full"],
    );
    // The disk of the node is nobody's field.
    refuse((&at("emptyDir: {}"), said, ""), "/spec/volumes");
}

#[test]
fn a_volume_that_may_not_be_written_is_told_where_that_is_said() {
    let said = "sqlite3.OperationalError: attempt to write a readonly database";
    let claim = "{name: d, persistentVolumeClaim: {claimName: data}}, {name: c, configMap: {name: settings}}";
    let mounts = "{name: c, mountPath: /etc/app, readOnly: true}, {name: d, mountPath: /data, readOnly: true}";
    check(
        (&mounting(mounts, claim), said, ""),
        "/volumeMounts/1/readOnly",
        &["mounts /data read-only"],
    );
    let whole = "{name: d, persistentVolumeClaim: {claimName: data, readOnly: true}}";
    let mount = "{name: d, mountPath: /data}";
    check(
        (&mounting(mount, whole), said, ""),
        "/spec/volumes/0/persistentVolumeClaim/readOnly",
        &["mounts /data read-only"],
    );
    let grafana = "GF_PATHS_DATA='/data' is not writable.";
    let mount = "{name: d, mountPath: /data, readOnly: true}";
    let plain = "{name: d, persistentVolumeClaim: {claimName: data}}";
    check((&mounting(mount, plain), grafana, ""), "/volumeMounts/0/readOnly", &["/data"]);
    // What may be written is not to blame.
    refuse((&mounting("{name: d, mountPath: /data}", plain), said, ""), "/volumeMounts");
}

#[test]
fn a_configuration_that_is_wrong_is_told_with_what_brings_it() {
    let mounted =
        mounting("{name: c, mountPath: /etc/x}", "{name: c, configMap: {name: settings}}");
    let logs = [
        "[28-Nov-2026 07:00:20] ALERT: [pool www] pm.start_servers(2) must not be less than pm.min_spare_servers(4)\n[28-Nov-2026 07:00:20] ERROR: failed to post process the configuration",
        "2026-11-28T07:00:01Z ERROR vector::cli: Configuration error. error=Input \"parse_json\" for sink \"loki\" doesn't match any components.",
        "[2026-11-28T07:00:14,530][ERROR][logstash.agent           ] Failed to execute action {:action=>LogStash::PipelineAction::Create/pipeline_id:main, :exception=>\"LogStash::ConfigurationError\", :message=>\"Expected one of [ \\t\\r\\n] at line 6, column 8\"}",
        "Error: Unknown configuration variable \"listner\".",
        "Error: adapting config using caddyfile: Caddyfile:3: unrecognized directive: fil_server",
        "2026-11-28T07:00:01.1Z 0 [ERROR] [MY-000067] [Server] unknown variable 'max_conections=200'.",
        "level=error msg=\"invalid config\" reason=\"receiver page is not defined\"",
    ];
    for said in logs {
        let told = check(
            (&mounted, said, &map("{main.conf: x}")),
            "/volumeMounts/0/mountPath",
            &["key main.conf"],
        );
        assert_eq!(holder(&told), Some("ConfigMap shop/settings /data/main.conf"), "{said}");
        let told = check(
            (&mounted, said, &map("{main.conf: x, other.conf: y}")),
            "/spec/volumes/0/configMap/name",
            &["ConfigMap settings"],
        );
        assert_eq!(holder(&told), None);
    }
    // So has the configuration of something else, and another end.
    let said = "ERROR failed to load AWS config: profile x is not there";
    refuse((&mounted, said, &map("{main.conf: x}")), "/volumeMounts");
    refuse((&mounted, "ERROR the sky is falling", &map("{main.conf: x}")), "/volumeMounts");
}

#[test]
fn what_a_secret_gives_and_nobody_can_read_is_told() {
    let token = "env: [{name: MODE, value: x}, {name: SLACK_BOT_TOKEN, valueFrom: {secretKeyRef: {name: slack, key: token}}}]";
    let said = "SlackApiError: The request to the Slack API failed. (url: https://slack.com/api/auth.test)\nThe server responded with: {'ok': False, 'error': 'invalid_auth'}";
    check((token, said, ""), "/env/1/valueFrom/secretKeyRef/key", &["key token of Secret slack"]);
    // Of two the one whose name is that of who says no.
    let stripe = "env: [{name: DB_PASSWORD, valueFrom: {secretKeyRef: {name: db, key: p}}}, {name: STRIPE_KEY, valueFrom: {secretKeyRef: {name: stripe, key: k}}}]";
    let no = "stripe.error.AuthenticationError: Invalid API Key provided: sk_test_1";
    check((stripe, no, ""), "/env/1/valueFrom/secretKeyRef/key", &["STRIPE_KEY"]);
    let no = "FATAL:  password authentication failed for user \"stripe\"";
    check((stripe, no, ""), "/env/0/valueFrom/secretKeyRef/key", &["DB_PASSWORD"]);
    let all = "envFrom: [{secretRef: {name: slack}}]";
    check((all, said, ""), "/envFrom/0/secretRef/name", &["Secret slack"]);
    let keys = "env: [{name: DB_PASSWORD, valueFrom: {secretKeyRef: {name: db, key: password}}}, {name: JWT_PRIVATE_KEY, valueFrom: {secretKeyRef: {name: jwt, key: private.pem}}}]";
    let said = "Error: error:1E08010C:DECODER routines::unsupported\n    at createPrivateKey (node:internal/crypto/keys:620:12)";
    check(
        (keys, said, ""),
        "/env/1/valueFrom/secretKeyRef/key",
        &["JWT_PRIVATE_KEY comes from key private.pem of Secret jwt"],
    );
    let file = mounting("{name: k, mountPath: /keys}", "{name: k, secret: {secretName: jwt}}");
    check(
        (&file, said, ""),
        "/spec/volumes/0/secret/secretName",
        &["probably a file of Secret jwt"],
    );
    let url = "command: [sh, -c, 'echo \"postgres://u:Pa/55#w0rd@db:5432/x\"'], envFrom: [{secretRef: {name: dsn}}]";
    let said = "level=fatal msg=\"cannot open database\" error=\"parse \\\"postgres://u:Pa/55#w0rd@db:5432/x\\\": invalid port \\\":Pa\\\" after host\"";
    let told = check((url, said, ""), "/envFrom/0/secretRef/name", &["Secret dsn"]);
    assert!(!told.cause.contains("w0rd"), "{}", told.cause);
    // Of two that may be meant, neither is.
    let two = "env: [{name: A_KEY, valueFrom: {secretKeyRef: {name: a, key: k}}}, {name: B_KEY, valueFrom: {secretKeyRef: {name: b, key: k}}}]";
    refuse((two, "panic: illegal base64 data at input byte 4", ""), "/env/");
}

#[test]
fn the_options_of_a_variable_go_before_a_script_that_repeats_them() {
    let java = "command: [sh, -c, 'echo UseConcMarkSweepGC; java $JAVA_OPTS'], env: [{name: JAVA_OPTS, value: '-Xmx256m -XX:+UseConcMarkSweepGC'}]";
    let said = "Unrecognized VM option 'UseConcMarkSweepGC'\nError: Could not create the Java Virtual Machine.";
    check((java, said, ""), "/env/0/value", &["JAVA_OPTS"]);
    let word = "command: [java, '-XX:+UseConcMarkSweepGC'], env: [{name: JAVA_OPTS, value: '-XX:+UseConcMarkSweepGC'}]";
    check((word, said, ""), "/command/1", &["UseConcMarkSweepGC"]);
    let beside = "command: [sh, -c, 'echo field not found, node: entrypont; exec traefik $@'], args: ['--ping=true', '--entrypont.web.address=:8000']";
    let said = "failed to decode configuration from flags: field not found, node: entrypont";
    check((beside, said, ""), "/args/1", &["entrypont"]);
}

#[test]
fn an_address_of_another_scheme_is_told() {
    let said = "MongoParseError: Invalid scheme, expected connection string to start with \"mongodb://\" or \"mongodb+srv://\"";
    let none = "env: [{name: NODE_ENV, value: production}, {name: MONGODB_URI, value: 'wishdb:27017/wishlist'}]";
    check((none, said, ""), "/env/1/value", &["MONGODB_URI has none", "mongodb://"]);
    let near =
        "env: [{name: STOCK_URL, value: 'http://stock'}, {name: STORE, value: 'mongdb://db/x'}]";
    check((near, said, ""), "/env/1/value", &["mongodb:// was probably meant"]);
    let unknown =
        "env: [{name: STOCK_URL, value: 'http://stock'}, {name: FEED, value: 'htps://feed/x'}]";
    let go = r#"fetch: Get "htps://feed/x/1": unsupported protocol scheme "htps""#;
    check((unknown, go, ""), "/env/1/value", &["the scheme of FEED", "https was probably meant"]);
    let python = "requests.exceptions.InvalidSchema: No connection adapters were found for 'htps://feed/x/1'";
    check((unknown, python, ""), "/env/1/value", &["the scheme of FEED"]);
    let secret = "env: [{name: MODE, value: x}, {name: MONGODB_URI, valueFrom: {secretKeyRef: {name: db, key: uri}}}]";
    check((secret, said, ""), "/env/1/valueFrom/secretKeyRef/key", &["key uri of Secret db"]);
    let said = "Error validating datasource `db`: the URL must start with the protocol `postgresql://` or `postgres://`.";
    let other = "env: [{name: DATABASE_URL, value: 'mysql://db/x'}, {name: MODE, value: y}]";
    check((other, said, ""), "/env/0/value", &["DATABASE_URL has another one"]);
    let right = "env: [{name: DATABASE_URL, value: 'postgres://db/x'}, {name: MODE, value: y}]";
    refuse((right, said, ""), "/env/0");
}

const NO_JSON: &str = "flags: reading
undefined:1
{\"mist\":true,\"home\":true

SyntaxError: Expected ',' or '}' after property value in JSON at position 31 (line 1 column 32)
    at JSON.parse (<anonymous>)

Node.js v22.12.0";

#[test]
fn a_variable_that_was_to_be_json_is_told_where_the_program_names_none() {
    let flags = r#"{name: FLAGS, value: '{"mist":true,"home":true'}"#;
    let other = r#"{name: LIMITS, value: '{"all":3}'}"#;
    let field = "/env/0/value";
    let container = format!("env: [{flags}, {other}]");
    check((&container, NO_JSON, ""), field, &["the template sets FLAGS, and that is no JSON"]);

    // Two that are none, all that are right, and a program that complains of something else.
    let two = format!("env: [{flags}, {}]", flags.replace("FLAGS", "MORE"));
    refuse((&two, NO_JSON, ""), field);
    let right = format!("env: [{other}]");
    refuse((&right, NO_JSON, ""), field);
    refuse((&container, "Error: cannot bind socket: permission denied", ""), field);
}
