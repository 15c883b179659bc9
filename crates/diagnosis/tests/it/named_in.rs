//! Where the template names what a program misses, or gives it under another name.

use crate::fields::{Case, fields};

/// The one field that is told, and the cause.
fn told(container: &str, log: &str) -> (String, String) {
    let told = Case { container, log, beside: "" }.told();
    (fields(&told).join(" "), told.cause.clone())
}

const AGENT: &str = "Picked up JAVA_TOOL_OPTIONS: -javaagent:/otel/agent.jar -Xmx1g
Error opening zip file or JAR manifest missing : /otel/agent.jar
Error occurred during initialization of VM
agent library failed to init: instrument";

#[test]
fn a_file_that_a_variable_names_among_other_words_is_told_with_the_variable() {
    let options = "env: [{name: PORT, value: '80'}, {name: JAVA_TOOL_OPTIONS, value: '-javaagent:/otel/agent.jar -Xmx1g'}]";
    let (field, cause) = told(options, AGENT);
    assert_eq!(field, "/env/1/value", "{cause}");
    assert!(cause.contains("it cannot open /otel/agent.jar"), "{cause}");
    assert!(cause.contains("the template names it in JAVA_TOOL_OPTIONS"), "{cause}");

    // Two name it: nothing says which one is read. A longer name is another file.
    for variables in [
        "env: [{name: A, value: '-a /otel/agent.jar'}, {name: B, value: '-b /otel/agent.jar'}]",
        "env: [{name: A, value: '-a /otel/agent.jar.bak'}]",
    ] {
        let (field, cause) = told(variables, AGENT);
        assert_eq!(field, "", "{cause}");
    }
}

#[test]
fn a_heap_of_dotnet_is_told_as_the_amount_that_it_is_read_as() {
    let said = "GC heap initialization failed with error 0x8007000E\nFailed to create CoreCLR, HRESULT: 0x8007000E";
    for value in ["0x400000", "400000"] {
        let container = format!(
            "resources: {{limits: {{memory: 64Mi}}}}, env: [{{name: A, value: b}}, {{name: DOTNET_GCHeapHardLimit, value: '{value}'}}]"
        );
        let (field, cause) = told(&container, said);
        assert_eq!(field, "/env/1/value", "{cause}");
        let words = format!(
            "DOTNET_GCHeapHardLimit says how much it may use: {value} is 4Mi, since it is read as hexadecimal, beside a memory limit of 64Mi"
        );
        assert!(cause.contains(&words), "{cause}");
    }
}

#[test]
fn a_setting_that_its_client_has_not_is_told_where_settings_stand() {
    let said = "Caused by: java.lang.IllegalStateException: No group.id found in consumer config, container properties, or @KafkaListener annotation; a group.id is required when group management is used.";
    let (field, cause) = told("env: [{name: SPRING_PROFILES_ACTIVE, value: prod}]", said);
    assert_eq!(field, "/env", "{cause}");
    assert!(cause.contains("the setting group.id is not set"), "{cause}");
}

const NO_KEYS: &str = "botocore.exceptions.NoCredentialsError: Unable to locate credentials";

#[test]
fn keys_of_a_cloud_under_names_that_nobody_reads_are_told() {
    let (field, cause) = told(
        "env: [{name: BUCKET, value: b}, {name: AWS_ACCESS_KEY, valueFrom: {secretKeyRef: {name: s3, key: k}}}]",
        NO_KEYS,
    );
    assert_eq!(field, "/env/1/name", "{cause}");
    let words = "the template sets AWS_ACCESS_KEY, where AWS_ACCESS_KEY_ID was probably meant";
    assert!(cause.contains(words), "{cause}");

    let of_javascript = "CredentialsProviderError: Could not load credentials from any providers";
    let (field, cause) = told("env: [{name: AWS_SECRET_KEY, value: a}]", of_javascript);
    assert_eq!(field, "/env/0/name", "{cause}");

    let (field, cause) =
        told("env: [{name: BUCKET, value: b}], envFrom: [{secretRef: {name: s3}}]", NO_KEYS);
    assert_eq!(field, "/envFrom/0/secretRef/name", "{cause}");
    let words =
        "of Secret s3, which gives it all its keys as variables, it reads AWS_ACCESS_KEY_ID and";
    assert!(cause.contains(words), "{cause}");
}

#[test]
fn keys_that_are_named_right_or_come_from_an_account_are_not_blamed() {
    for container in [
        "env: [{name: AWS_ACCESS_KEY_ID, value: ''}, {name: AWS_SECRET_ACCESS_KEY, value: ''}], envFrom: [{secretRef: {name: s3}}]",
        "envFrom: [{secretRef: {name: s3}}]}], serviceAccountName: uploads, volumes: [{name: v, emptyDir: {}",
        "envFrom: [{secretRef: {name: s3}}, {secretRef: {name: s4}}]",
    ] {
        let (field, cause) = told(container, NO_KEYS);
        assert_eq!(field, "", "{cause}");
    }
}

const NO_HOST: &str = "SQLSTATE[HY000] [2002] php_network_getaddresses: getaddrinfo for menu-mysql failed: Name or service not known";

#[test]
fn a_host_that_only_a_secret_can_have_given_is_told_with_the_secret() {
    let (field, cause) = told("envFrom: [{secretRef: {name: menu-db}}]", NO_HOST);
    assert_eq!(field, "/envFrom/0/secretRef/name", "{cause}");
    assert!(cause.contains("it is probably a variable that comes from Secret menu-db"), "{cause}");

    let of_secret = |name: &str| {
        format!("{{name: {name}, valueFrom: {{secretKeyRef: {{name: menu-db, key: k}}}}}}")
    };
    let both = |a: &str, b: &str| format!("env: [{}, {}]", of_secret(a), of_secret(b));
    let (field, cause) = told(&both("REDIS_HOST", "MYSQL_HOST"), NO_HOST);
    assert_eq!(field, "/env/1/valueFrom/secretKeyRef/key", "{cause}");
    let (field, cause) = told(&both("CACHE_HOST", "DB_HOST"), NO_HOST);
    assert_eq!(field, "", "{cause}");

    // Another source may have it, and one that refuses is named right.
    let two = "envFrom: [{secretRef: {name: menu-db}}, {configMapRef: {name: menu}}]";
    assert_eq!(told(two, NO_HOST).0, "");
    let refused = "Error: connect ECONNREFUSED menu-mysql:3306";
    assert_eq!(told("envFrom: [{secretRef: {name: menu-db}}]", refused).0, "");
}
