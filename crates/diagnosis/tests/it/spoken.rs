//! Where what a program complains of comes from, though it names neither the variable nor the key: by a file that
//! its words name, by how it calls a server, by what is sent in a header.

use types::Diagnosis;

use crate::casebook::gathered;
use crate::fields::{Case, fields};

const SERVICE: &str = "---
apiVersion: v1
kind: Service
metadata: {name: stock, namespace: shop}
spec: {selector: {app: stock}, ports: [{port: 8080}]}
";

#[track_caller]
fn check(case: (&str, &str, &str), (field, words): (&str, &str)) -> Diagnosis {
    let told = Case { container: case.0, log: case.1, beside: case.2 }.told();
    assert_eq!(fields(&told).first(), Some(&field), "{}", told.cause);
    assert!(told.cause.contains(words), "{}", told.cause);
    told
}

#[track_caller]
fn refuse(case: (&str, &str, &str), words: &str) {
    let told = Case { container: case.0, log: case.1, beside: case.2 }.told();
    assert!(!told.cause.contains(words), "{}", told.cause);
}

fn holder(told: &Diagnosis) -> Option<&str> {
    let facts = told.clues.iter().map(|it| it.fact.as_str());
    facts.into_iter().find(|it| it.starts_with("ConfigMap "))
}

fn map(key: &str) -> String {
    format!(
        "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: settings, namespace: shop}}\ndata: {{{key}: x, other.txt: y}}\n"
    )
}

/// The end of the container, and the volume of its pod.
fn mounting(place: &str, volume: &str) -> String {
    format!("volumeMounts: [{{name: v, mountPath: {place}}}]}}], volumes: [{{name: v, {volume}")
}

#[test]
fn a_line_in_passing_is_not_why_a_program_ended() {
    let zone =
        "env: [{name: HTTP_ADDR, value: ':8080'}, {name: APP_TIMEZONE, value: Europe/Brelin}]";
    let said = "{\"level\":\"WARN\",\"msg\":\"GOMAXPROCS not set, using host value\"}\npanic: unknown time zone Europe/Brelin";
    let told = check((zone, said, ""), ("/env/1/value", "Europe/Brelin"));
    assert!(!told.cause.contains("GOMAXPROCS"), "{}", told.cause);
    // What calls itself an error may be.
    let said =
        "ERROR: DB_PORT must be a number\npanic: strconv.Atoi: parsing \"x1\": invalid syntax";
    let told = Case { container: zone, log: said, beside: "" }.told();
    assert!(told.cause.contains("DB_PORT"), "{}", told.cause);
}

#[test]
fn a_file_that_the_last_words_name_is_told_with_its_key() {
    let volume = "configMap: {name: settings}";
    let field = "/volumeMounts/0/mountPath";
    for (place, key, said) in [
        (
            "/mosquitto/config",
            "mosquitto.conf",
            "1764310830: Error: Unknown configuration variable \"pasword_file\".\n1764310830: Error found at /mosquitto/config/mosquitto.conf:3.",
        ),
        (
            "/etc/alertmanager",
            "alertmanager.yml",
            "level=error msg=\"Loading configuration file failed\" file=/etc/alertmanager/alertmanager.yml err=\"undefined receiver \\\"pagerduty-oncal\\\" used in route\"",
        ),
        (
            "/app/config",
            "application.yml",
            "Failed to bind properties under 'server.port' to java.lang.Integer:\n\n    Property: server.port\n    Value: \"808O\"\n    Origin: class path resource [application.yml] - 5:9",
        ),
    ] {
        let told = check(
            (&mounting(place, volume), said, &map(key)),
            (field, &format!("the file is key {key} of ConfigMap settings")),
        );
        assert_eq!(holder(&told), Some(&*format!("ConfigMap shop/settings /data/{key}")));
    }
    let secret = "secret: {secretName: appsettings}";
    let said = "Unhandled exception. System.IO.InvalidDataException: Failed to load configuration from file '/app/secrets/appsettings.json'.";
    check(
        (&mounting("/app/secrets", secret), said, ""),
        ("/spec/volumes/0/secret/secretName", "; the file is of Secret appsettings"),
    );
}

#[test]
fn a_file_that_was_only_read_before_is_not_to_blame() {
    let mounted = mounting("/etc/app", "configMap: {name: settings}");
    let words = "ConfigMap settings";
    let read = "level=info msg=\"using /etc/app/app.yml\"\nlevel=error msg=\"the licence has ended\"\nlevel=info msg=\"bye /etc/app/app.yml\"";
    refuse((&mounted, read, &map("app.yml")), words);
    // A program that fails is no fault of its text.
    let program = "RuntimeError: upstream said no, in /etc/app/run.py";
    refuse((&mounted, program, &map("run.py")), words);
}

#[test]
fn who_calls_a_server_in_the_wrong_way_is_told_by_the_variable() {
    let calls = "env: [{name: MODE, value: x}, {name: STOCK_URL, value: 'https://stock:8080'}]";
    let said = "ERROR warm-up call to stock failed\nCaused by: javax.net.ssl.SSLException: Unsupported or unrecognized SSL message";
    let words = "STOCK_URL calls stock with https://, which answers without TLS";
    check((calls, said, SERVICE), ("/env/1/value", words));
    let go = "Get \"https://stock:8080/v1\": http: server gave HTTP response to HTTPS client";
    let both = "env: [{name: STOCK_URL, value: 'https://stock:8080'}], args: [serve, 'https://stock:8080/v1']";
    check((both, go, SERVICE), ("/env/0/value", "which answers without TLS"));
    let argument = "args: [serve, '--stock=https://stock:8080']";
    check((argument, go, SERVICE), ("/args/1", "which answers without TLS"));
    let plain = "env: [{name: STOCK_URL, value: 'http://stock:8080'}]";
    let said = "fatal: 400 Bad Request: Client sent an HTTP request to an HTTPS server.";
    check((plain, said, SERVICE), ("/env/0/value", "which answers only with TLS"));
    // One of the internet, and two that may be meant.
    let other = "env: [{name: STOCK_URL, value: 'https://stock.example.org'}]";
    refuse((other, go, SERVICE), "without TLS");
    let two =
        "env: [{name: A, value: 'https://stock:8080'}, {name: B, value: 'https://stock:8080/b'}]";
    refuse((two, go, SERVICE), "without TLS");
}

#[test]
fn a_host_of_an_earlier_complaint_is_told_by_its_variable() {
    let seeds = "env: [{name: CLUSTER, value: events}, {name: SEEDS, value: db-0.db-headless}]";
    let said = "WARN  [main] SimpleSeedProvider.java:60 - Seed provider couldn't lookup host db-0.db-headless\nERROR [main] CassandraDaemon.java:900 - Exception encountered during startup: The seed provider lists no seeds.";
    check((seeds, said, ""), ("/env/1/value", "cannot look up db-0.db-headless"));
    let found = "INFO  lookup of db-0.db-headless done\nERROR [main] Exception encountered during startup: The seed provider lists no seeds.";
    refuse((seeds, found, ""), "look up");
}

#[test]
fn a_word_in_quotes_is_told_where_the_template_has_it() {
    let engine = "args: [serve, '--storageEngine=wiredtigr']";
    let said = "FATAL no storage engine by the name \"wiredtigr\" here";
    check((engine, said, ""), ("/args/1", "wiredtigr"));
    let scheme = "env: [{name: MODE, value: fast}, {name: TRACES, value: 'htp://tempo:4318'}]";
    let said = "FATAL otel: no exporter for the scheme \"htp\"";
    check((scheme, said, ""), ("/env/1/value", "the template has it in TRACES"));
    // Two have it, a script has it, any line may have it.
    let two = "args: ['--a=wiredtigr', '--b=wiredtigr']";
    let said = "FATAL no storage engine by the name \"wiredtigr\" here";
    refuse((two, said, ""), "starts it with that");
    refuse(("command: [sh, -c, 'start wiredtigr now']", said, ""), "starts it with that");
    refuse(("args: ['--env=production']", "FATAL stopped \"production\"", ""), "starts it with");
}

#[test]
fn a_header_that_cannot_be_sent_is_told_by_the_variable_that_has_it() {
    let said = "level=ERROR msg=\"cannot fetch\" err=\"net/http: invalid header field value for \\\"Authorization\\\"\"";
    let token = "env: [{name: MODE, value: x}, {name: CRM_TOKEN, valueFrom: {secretKeyRef: {name: crm, key: token}}}]";
    check(
        (token, said, ""),
        ("/env/1/valueFrom/secretKeyRef/key", "CRM_TOKEN probably has a line break at its end"),
    );
    let two = "env: [{name: A_TOKEN, valueFrom: {secretKeyRef: {name: crm, key: a}}}, {name: B_TOKEN, valueFrom: {secretKeyRef: {name: crm, key: b}}}]";
    refuse((two, said, ""), "line break");
    refuse((token, "level=ERROR msg=\"401 unauthorized\"", ""), "line break");
}

#[test]
fn a_prefix_that_nearly_gives_the_variable_is_told() {
    let said = "FATA[0000] required key APP_DB_HOST missing value";
    let prefixed =
        |it: &str| format!("envFrom: [{{prefix: {it}, configMapRef: {{name: settings}}}}]");
    let words = "where APP_ was probably meant";
    let told = check((&prefixed("APP"), said, &map("DB_HOST")), ("/envFrom/0/prefix", words));
    assert_eq!(holder(&told), None);
    refuse((&prefixed("BILLING_"), said, &map("DB_HOST")), words);
}

#[test]
fn a_key_that_a_variable_may_be_without_is_told() {
    let said = "KeyError: key not found: \"STRIPE_KEY\"";
    let of = |kind: &str| {
        format!(
            "env: [{{name: STRIPE_KEY, valueFrom: {{{kind}: {{name: settings, key: stripe_key, optional: true}}}}}}]"
        )
    };
    check(
        (&of("secretKeyRef"), said, ""),
        ("/env/0/valueFrom/secretKeyRef/key", "key stripe_key of Secret settings"),
    );
    check(
        (&of("configMapKeyRef"), said, &map("stripe-key")),
        ("/env/0/valueFrom/configMapKeyRef/key", "it has stripe-key, which was probably meant"),
    );
}

#[test]
fn what_says_how_much_memory_a_program_may_use_is_told() {
    let php = "env: [{name: APP_ENV, value: prod}, {name: PHP_MEMORY_LIMIT, value: 64M}]";
    let said = "PHP Fatal error:  Allowed memory size of 67108864 bytes exhausted (tried to allocate 20480 bytes)";
    check((php, said, ""), ("/env/1/value", "PHP_MEMORY_LIMIT says how much it may use"));
    check(("args: [php, -d, 'memory_limit=64M']", said, ""), ("/args/2", "out of memory"));
}

/// An init container that waits, and a Service that has another port.
fn waiting(env: &str, log: &str) -> Vec<Diagnosis> {
    let page = format!(
        "taken_at: 2026-11-24T03:00:00Z
root: Pod web-1
logs:
  - {{pod: web-1, container: wait, previous: false, text: '{log}'}}
---
apiVersion: v1
kind: Pod
metadata: {{name: web-1, namespace: shop, uid: web-1, labels: {{app: web}}, creationTimestamp: 2026-11-24T02:50:00Z}}
spec: {{initContainers: [{{name: wait, image: 'busybox:1', command: [wait-for], env: {env}}}], containers: [{{name: app, image: 'shop/web:1'}}]}}
status:
  phase: Pending
  initContainerStatuses: [{{name: wait, image: 'busybox:1', imageID: '', ready: false, restartCount: 0, state: {{running: {{startedAt: 2026-11-24T02:50:10Z}}}}}}]
  containerStatuses: [{{name: app, image: 'shop/web:1', imageID: '', ready: false, restartCount: 0, state: {{waiting: {{reason: PodInitializing}}}}}}]
{SERVICE}"
    );
    diagnosis::diagnose(&gathered(&page))
}

#[test]
fn a_port_that_is_waited_for_is_told_where_it_stands() {
    let field = |env: &str, log: &str| {
        let all = waiting(env, log);
        let told = all.first().unwrap();
        let field = told.clues.iter().find(|it| it.fact.starts_with('/'));
        (field.map(|it| it.fact.clone()), told.cause.clone())
    };
    let env =
        "[{name: STOCK_HOST, value: $(STOCK_SERVICE_HOST)}, {name: STOCK_PORT, value: '8081'}]";
    let (found, cause) = field(env, "waiting for stock:8081");
    assert_eq!(found.as_deref(), Some("/spec/initContainers/0/env/1/value"), "{cause}");
    let (found, cause) = field(env, "waiting for stock:8080");
    assert_eq!(found, None, "{cause}");
}
