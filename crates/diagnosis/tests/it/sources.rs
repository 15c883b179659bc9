//! Where what a program complains of comes from: a variable under its property, a key of a ConfigMap, a port of a
//! Service, a volume.

use types::Diagnosis;

use crate::fields::{Case, fields};

const CONFIG_MAP: &str = "---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: shop}
data: DATA
";
const SERVICE: &str = "---
apiVersion: v1
kind: Service
metadata: {name: catalog, namespace: shop}
spec: {selector: {app: catalog}, clusterIP: 10.96.0.99, ports: [{port: 80, targetPort: 8080}]}
";

#[track_caller]
fn check(
    (container, log, beside): (&str, &str, &str),
    (field, words): (Option<&str>, &str),
) -> Diagnosis {
    let told = Case { container, log, beside }.told();
    let found = fields(&told);
    match field {
        Some(field) => assert_eq!(found.first(), Some(&field), "{} {found:?}", told.cause),
        None => assert!(found.iter().all(|it| !it.contains("/env")), "{found:?}: {}", told.cause),
    }
    assert!(told.cause.contains(words), "{}", told.cause);
    told
}

fn holder(told: &Diagnosis) -> Option<&str> {
    let facts = told.clues.iter().map(|it| it.fact.as_str());
    facts.into_iter().find(|it| it.starts_with("ConfigMap "))
}

fn map(data: &str) -> String {
    CONFIG_MAP.replace("DATA", data)
}

#[test]
fn a_variable_is_told_by_the_property_that_is_read_from_it() {
    let kafka = "env: [{name: KAFKA_NODE_ID, value: '1'}, {name: KAFKA_ADVERTISED_LISTENERS, value: 'PLAINTEXT://0.0.0.0:9092'}]";
    let said = "java.lang.IllegalArgumentException: requirement failed: advertised.listeners cannot use the nonroutable meta-address 0.0.0.0. Use a routable IP address.";
    check((kafka, said, ""), (Some("/env/1/value"), "KAFKA_ADVERTISED_LISTENERS"));
    let keycloak =
        "env: [{name: KC_DB, value: postgres}, {name: KC_HOST_NAME, value: sso.example.org}]";
    let said = "ERROR: hostname is not configured; either configure hostname, or set hostname-strict to false";
    check((keycloak, said, ""), (Some("/env/1/name"), "where KC_HOSTNAME was probably meant"));
    let quarkus = "env: [{name: QUARKUS_HTTP_PORT, value: '8080'}, {name: QUARKUS_DATASOURCE_URL, value: 'jdbc:x'}]";
    let said = "SRCFG00014: The config property quarkus.datasource.jdbc.url is required but it could not be found in any config source";
    check((quarkus, said, ""), (Some("/env/1/name"), "QUARKUS_DATASOURCE_URL"));
    let empty = "env: [{name: QUARKUS_DATASOURCE_JDBC_URL, value: ''}]";
    check((empty, said, ""), (Some("/env/0/value"), "its value may be empty"));
    // A class is no property.
    let other = "env: [{name: LOG_LEVEL, value: info}, {name: SHOP_STATE, value: x}]";
    check(
        (other, "java.lang.IllegalStateException: shop.State is not what it was", ""),
        (None, ""),
    );
}

#[test]
fn a_value_that_a_config_map_brings_is_told_with_its_key() {
    let one = "env: [{name: MODE, value: fast}, {name: POOL_SIZE, valueFrom: {configMapKeyRef: {name: settings, key: pool}}}]";
    let said =
        r#"booking: config error: POOL_SIZE: strconv.Atoi: parsing "twenty": invalid syntax"#;
    let told = check(
        (one, said, &map("{pool: twenty}")),
        (Some("/env/1/valueFrom/configMapKeyRef/key"), "key pool of ConfigMap settings"),
    );
    assert_eq!(holder(&told), Some("ConfigMap shop/settings /data/pool"));
    let all = "envFrom: [{configMapRef: {name: settings}}]";
    let told = check(
        (all, said, &map("{POOL_SIZE: twenty, OTHER: x}")),
        (Some("/envFrom/0/configMapRef/name"), "key POOL_SIZE of ConfigMap settings"),
    );
    assert_eq!(holder(&told), Some("ConfigMap shop/settings /data/POOL_SIZE"));
    // The names of fields, a line above.
    let said = "1 validation error for Settings\npool_size\n  Input should be a valid integer, unable to parse string as an integer [type=int_parsing, input_value='twenty', input_type=str]";
    let told =
        check((all, said, &map("{POOL_SIZE: twenty}")), (Some("/envFrom/0/configMapRef/name"), ""));
    assert_eq!(holder(&told), Some("ConfigMap shop/settings /data/POOL_SIZE"));
    // A value of the template is the template's own.
    let own =
        "env: [{name: POOL_SIZE, value: twenty}], envFrom: [{configMapRef: {name: settings}}]";
    let said = r#"POOL_SIZE: strconv.Atoi: parsing "twenty": invalid syntax"#;
    let told = check((own, said, &map("{OTHER: x}")), (Some("/env/0/value"), ""));
    assert_eq!(holder(&told), None);
}

#[test]
fn a_key_that_gives_no_such_variable_is_told() {
    let all = "envFrom: [{configMapRef: {name: settings}}]";
    let said = "FATA[0000] required key KAFKA_BOOTSTRAP_SERVERS missing value";
    let told = check(
        (all, said, &map("{kafka.bootstrap.servers: 'kafka:9092', group.id: g}")),
        (Some("/envFrom/0/configMapRef/name"), "has kafka.bootstrap.servers, which was probably"),
    );
    assert_eq!(holder(&told), Some("ConfigMap shop/settings /data/kafka.bootstrap.servers"));
    let prefixed = "envFrom: [{prefix: APP_, configMapRef: {name: settings}}]";
    check(
        (prefixed, said, &map("{KAFKA_BOOTSTRAP_SERVERS: 'kafka:9092'}")),
        (Some("/envFrom/0/prefix"), "puts APP_ before"),
    );
    let told = Case { container: all, log: said, beside: &map("{group.id: g}") }.told();
    assert_eq!(holder(&told), None);
}

#[test]
fn a_port_that_a_service_does_not_have_is_told_where_it_is_named() {
    let said = r#"initial sync failed: Get "http://catalog:8080/v1/items": dial tcp 10.96.0.99:8080: i/o timeout"#;
    let variable =
        "env: [{name: MODE, value: x}, {name: CATALOG_URL, value: 'http://catalog:8080'}]";
    let words = "Service catalog has no port 8080, but 80";
    check((variable, said, SERVICE), (Some("/env/1/value"), words));
    let argument = "args: [serve, '--catalog=http://catalog.shop.svc:8080']";
    let refused = "dial tcp: connect to catalog.shop.svc:8080: connection refused";
    check((argument, refused, SERVICE), (Some("/args/1"), words));
    let apart = "env: [{name: CATALOG_HOST, value: catalog}, {name: CATALOG_PORT, value: '8080'}]";
    check((apart, said, SERVICE), (Some("/env/1/value"), words));
    // A port that it has is not to blame.
    let right = "env: [{name: CATALOG_URL, value: 'http://catalog:80'}]";
    let said = r#"Get "http://catalog:80/v1/items": dial tcp 10.96.0.99:80: i/o timeout"#;
    let told = Case { container: right, log: said, beside: SERVICE }.told();
    assert!(!told.cause.contains("no port"), "{}", told.cause);
}

/// The end of the container, and the volumes of its pod.
fn mounting(place: &str, volume: &str) -> String {
    format!("volumeMounts: [{{name: v, mountPath: {place}}}]}}], volumes: [{{name: v, {volume}")
}

#[test]
fn a_full_volume_is_told_with_what_gives_it_its_size() {
    let said = "dd: error writing '/buffer/seg.ts': No space left on device";
    let full = |volume: &str| mounting("/buffer", volume);
    check(
        (&full("emptyDir: {medium: Memory, sizeLimit: 8Mi}"), said, ""),
        (
            Some("/spec/volumes/0/emptyDir/sizeLimit"),
            "in memory (tmpfs), which the template gives 8Mi",
        ),
    );
    check(
        (&full("persistentVolumeClaim: {claimName: films}"), said, ""),
        (Some("/spec/volumes/0/persistentVolumeClaim/claimName"), "the volume claim films"),
    );
    // The disk of the node is nobody's field.
    let told = Case { container: &full("emptyDir: {}"), log: said, beside: "" }.told();
    assert!(fields(&told).iter().all(|it| !it.contains("volumes")), "{}", told.cause);
}

#[test]
fn a_file_under_another_name_is_told_where_the_volume_says_so() {
    let said = "java.io.FileNotFoundException: /config/application.yml (No such file or directory)";
    let items = |path: &str| {
        mounting(
            "/config",
            &format!(
                "configMap: {{name: settings, items: [{{key: application.yml, path: {path}}}]}}"
            ),
        )
    };
    check(
        (&items("application.yaml"), said, &map("{application.yml: x}")),
        (Some("/spec/volumes/0/configMap/items/0/path"), "application.yaml is mounted there"),
    );
    let told =
        Case { container: &items("logback.xml"), log: said, beside: &map("{application.yml: x}") };
    assert!(fields(&told.told()).iter().all(|it| !it.contains("volumes")));
}

#[test]
fn a_token_that_nothing_mounts_is_told() {
    let said = "panic: open /var/run/secrets/kubernetes.io/serviceaccount/token: no such file or directory";
    let off = "env: []}], serviceAccountName: watcher, automountServiceAccountToken: false, tolerations: [{operator: Exists";
    check(
        (off, said, ""),
        (Some("/spec/automountServiceAccountToken"), "no token of its service account"),
    );
    let unsaid = "env: []}], serviceAccountName: watcher, tolerations: [{operator: Exists";
    check(
        (unsaid, said, ""),
        (Some("/spec/automountServiceAccountToken"), "service account watcher"),
    );
    let mounted = "volumeMounts: [{name: t, mountPath: /var/run/secrets/kubernetes.io/serviceaccount}]}], volumes: [{name: t, emptyDir: {}";
    let told = Case { container: mounted, log: said, beside: "" }.told();
    assert!(!told.cause.contains("service account"), "{}", told.cause);
}

#[test]
fn a_folder_for_temporary_files_is_told_with_what_makes_it_read_only() {
    let said = "FileNotFoundError: [Errno 2] No usable temporary directory found in ['/tmp', '/var/tmp', '/usr/tmp', '/app']";
    let own = "securityContext: {readOnlyRootFilesystem: true}";
    let field = "/securityContext/readOnlyRootFilesystem";
    check((own, said, ""), (Some(field), "it cannot open /tmp"));

    // What is mounted there has another trouble.
    let mounted = format!(
        "{own}, volumeMounts: [{{name: t, mountPath: /tmp}}]}}], volumes: [{{name: t, emptyDir: {{}}"
    );
    let told = check((&mounted, said, ""), (None, "it cannot open /tmp"));
    assert!(!fields(&told).contains(&field), "{}", told.cause);
}

#[test]
fn a_source_with_a_syntax_error_is_told_where_a_config_map_brings_it() {
    let said = "Failed to import config for shop_config.py\nTraceback (most recent call last):\n  File \"/app/shop/config.py\", line 1760, in <module>\n    import shop_config\n  File \"/app/pythonpath/shop_config.py\", line 4\n    'CACHE_TYPE': 'RedisCache'\n                  ^^^^^^^^^^^^\nSyntaxError: invalid syntax. Perhaps you forgot a comma?";
    let mount = mounting("/app/pythonpath", "configMap: {name: settings}");
    let beside = map("{shop_config.py: x}");
    let told =
        check((&mount, said, &beside), (Some("/volumeMounts/0/mountPath"), "shop_config.py"));
    assert_eq!(holder(&told), Some("ConfigMap shop/settings /data/shop_config.py"));

    // Of the image itself.
    let told =
        Case { container: &mount, log: &said.replace("pythonpath", "image"), beside: &beside };
    assert_eq!(holder(&told.told()), None);
}

#[test]
fn variables_that_do_not_go_together_are_told_where_they_come_from() {
    let said = "panic: config: MAX_WORKERS (4) must not be less than MIN_WORKERS (8)";
    let beside = map("{MIN_WORKERS: '8', MAX_WORKERS: '4'}");
    let all = "envFrom: [{configMapRef: {name: settings}}]";
    let told =
        check((all, said, &beside), (Some("/envFrom/0/configMapRef/name"), "ConfigMap settings"));
    assert_eq!(holder(&told), Some("ConfigMap shop/settings /data/MAX_WORKERS"));

    let plain = "env: [{name: MIN_WORKERS, value: '8'}, {name: MAX_WORKERS, value: '4'}]";
    check((plain, said, ""), (Some("/env/1/value"), "sets MAX_WORKERS and MIN_WORKERS"));
}

#[test]
fn a_host_is_told_by_its_variable_whatever_scheme_it_stands_behind() {
    let said = "java.net.UnknownHostException: pricing-svc\nI/O error on GET request for \"http://pricing-svc:8080/x\"";
    let env = "env: [{name: CATALOG_URL, value: 'http://pricing-svc:8080/x'}]";
    let service = SERVICE.replace("catalog", "pricing");
    let told = Case { container: env, log: said, beside: &service }.told();
    let named = told.clues.iter().find(|it| it.fact.ends_with(".named_in")).unwrap();
    assert_eq!(named.value, "/spec/containers/0/env/0/value");
    assert!(told.cause.contains("there is pricing, which may have been meant"), "{}", told.cause);
}
