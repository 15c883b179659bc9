//! Real lines of real programs, and what is read from them.

use super::*;
use crate::patterns::of_any_case;

mod programs;

#[test]
fn every_pattern_is_one() {
    let implied = patterns::IMPLIED.iter().map(|it| it.1);
    let all = patterns::PATTERNS.into_iter().flatten().map(|it| it.1).chain(implied);
    let broken: Vec<_> = all.filter(|it| of_any_case(it).is_none()).collect();
    assert!(broken.is_empty(), "{broken:?}");
}

#[test]
fn nearly_every_pattern_has_a_word_that_is_looked_for_first() {
    let wordless: Vec<_> = KNOWN.0.wordless().collect();
    assert!(wordless.len() <= 5, "{wordless:#?}");
}

#[track_caller]
fn check(cases: &[(&str, &str)]) {
    let mut wrong = vec![];
    for (line, expected) in cases {
        let log = [(*line).to_owned()];
        let words = read(&log).map(|it| it.words()).unwrap_or_default();
        if words != *expected {
            wrong.push(format!("{line}\n  expected: {expected}\n  read:     {words}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

const HOSTS: &[(&str, &str)] = &[
    (
        "2026/11/24 02:47:21 dial tcp 10.0.0.9:5432: connect: connection refused",
        "10.0.0.9:5432 refuses connections",
    ),
    (
        r#"psql: error: connection to server at "db" (10.96.3.4), port 5432 failed: Connection refused"#,
        "db:5432 refuses connections",
    ),
    (
        r#"psycopg2.OperationalError: could not translate host name "dbb" to address: Name or service not known"#,
        "the host dbb cannot be resolved",
    ),
    ("Error: connect ECONNREFUSED 10.96.0.7:6379", "10.96.0.7:6379 refuses connections"),
    ("Error: getaddrinfo ENOTFOUND dbb", "the host dbb cannot be resolved"),
    ("Error: getaddrinfo EAI_AGAIN redis-mster", "the host redis-mster cannot be resolved"),
    (
        "redis.exceptions.ConnectionError: Error 111 connecting to cache:6379. Connection refused.",
        "cache:6379 refuses connections",
    ),
    (
        "redis.exceptions.ConnectionError: Error -2 connecting to cahce:6379. Name or service not known.",
        "the host cahce:6379 cannot be resolved",
    ),
    (
        "Could not connect to Redis at cache:6379: Connection refused",
        "cache:6379 refuses connections",
    ),
    (
        "Caused by: java.net.UnknownHostException: orders-db: Name or service not known",
        "the host orders-db cannot be resolved",
    ),
    (
        "org.postgresql.util.PSQLException: Connection to orders-db:5432 refused. Check that the hostname and port are correct",
        "orders-db:5432 refuses connections",
    ),
    (
        "java.net.ConnectException: Connection refused",
        "something that it needs refuses connections",
    ),
    ("wget: bad address 'dbb:5432'", "the host dbb:5432 cannot be resolved"),
    ("nc: bad address 'dbb'", "the host dbb cannot be resolved"),
    (
        "wget: can't connect to remote host (10.96.1.2): Connection refused",
        "10.96.1.2 refuses connections",
    ),
    ("curl: (6) Could not resolve host: dbb", "the host dbb cannot be resolved"),
    (
        "curl: (7) Failed to connect to db port 80 after 0 ms: Couldn't connect to server",
        "db:80 refuses connections",
    ),
    ("nc: db (10.96.1.2:5432): Connection refused", "db:5432 refuses connections"),
    (
        "profile-store unreachable: error sending request for url (http://profile-store/healthz): connection refused",
        "profile-store refuses connections",
    ),
    (
        "0: error trying to connect: tcp connect error: Connection refused (os error 111): connection refused",
        "something that it needs refuses connections",
    ),
    (
        r#"nginx: [emerg] host not found in upstream "backend" in /etc/nginx/conf.d/default.conf:3"#,
        "the host backend cannot be resolved",
    ),
    (
        "panic: dial tcp: lookup mongo on 10.96.0.10:53: no such host",
        "the host mongo cannot be resolved",
    ),
    ("dial tcp 10.0.0.9:443: i/o timeout", "10.0.0.9:443 does not answer"),
    (
        "** server can't find dbb.shop.svc.cluster.local: NXDOMAIN",
        "the host dbb.shop.svc.cluster.local cannot be resolved",
    ),
    ("nslookup: can't resolve 'dbb'", "the host dbb cannot be resolved"),
    (
        "requests.exceptions.ConnectionError: HTTPConnectionPool(host='api', port=8080): Max retries exceeded with url: / (Caused by NewConnectionError('<urllib3>: Failed to establish a new connection: [Errno 111] Connection refused'))",
        "api:8080 refuses connections",
    ),
    (
        "bucket check failed err=\"Head \\\"http://shop-minio:9000/shop/\\\": dial tcp 10.96.71.4:9000: connect: connection refused\"",
        "shop-minio:9000 refuses connections",
    ),
    (
        "Get \"http://catalog/items?page=1\": dial tcp 10.96.0.9:80: connect: connection refused",
        "catalog:80 refuses connections",
    ),
    (
        "ConnectionRefusedError: [Errno 111] Connect call failed ('10.1.2.3', 5672)",
        "10.1.2.3:5672 refuses connections",
    ),
    (
        "could not connect to server: Connection refused",
        "something that it needs refuses connections",
    ),
];

#[test]
fn hosts_and_ports_are_read() {
    check(HOSTS);
}

const FILES: &[(&str, &str)] = &[
    (
        "cat: can't open '/etc/app/config.yaml': No such file or directory",
        "there is no file /etc/app/config.yaml",
    ),
    (
        "open /etc/app/config.yaml: no such file or directory",
        "there is no file /etc/app/config.yaml",
    ),
    (
        "FileNotFoundError: [Errno 2] No such file or directory: '/data/in.csv'",
        "there is no file /data/in.csv",
    ),
    (
        "Error: ENOENT: no such file or directory, open '/app/config.json'",
        "there is no file /app/config.json",
    ),
    (
        "java.io.FileNotFoundException: /etc/app.properties (No such file or directory)",
        "there is no file /etc/app.properties",
    ),
    ("Error: Unable to access jarfile /app/app.jar", "there is no file /app/app.jar"),
    (
        r#"nginx: [emerg] open() "/etc/nginx/nginx.conf" failed (2: No such file or directory)"#,
        "there is no file /etc/nginx/nginx.conf",
    ),
    (
        r#"nginx: [emerg] cannot load certificate "/etc/tls/tls.crt": BIO_new_file() failed"#,
        "there is no file /etc/tls/tls.crt",
    ),
    (
        "1:C 24 Nov 2026 02:47:21.000 # Fatal error, can't open config file '/etc/redis.conf': No such file or directory",
        "there is no file /etc/redis.conf",
    ),
    (
        "python: can't open file '/app/mian.py': [Errno 2] No such file or directory",
        "there is no file /app/mian.py",
    ),
    ("sh: can't create /etc/x: Permission denied", "it has no permission for /etc/x"),
    ("open /data/db: permission denied", "it has no permission for /data/db"),
    (
        "PermissionError: [Errno 13] Permission denied: '/var/log/app.log'",
        "it has no permission for /var/log/app.log",
    ),
    ("Error: EACCES: permission denied, mkdir '/app/cache'", "it has no permission for /app/cache"),
    (
        r#"nginx: [emerg] mkdir() "/var/cache/nginx/client_temp" failed (13: Permission denied)"#,
        "it has no permission for /var/cache/nginx/client_temp",
    ),
    (
        "nginx: [emerg] bind() to 0.0.0.0:80 failed (13: Permission denied)",
        "it has no permission for port 80",
    ),
    ("listen tcp :80: bind: permission denied", "it has no permission for port 80"),
    (
        r#"FATAL:  data directory "/var/lib/postgresql/data" has wrong ownership"#,
        "it has no permission for /var/lib/postgresql/data",
    ),
    (
        "sh: can't create /data.txt: Read-only file system",
        "it cannot write /data.txt: the file system is read-only",
    ),
    (
        "OSError: [Errno 30] Read-only file system: '/app/tmp'",
        "it cannot write /app/tmp: the file system is read-only",
    ),
    (
        "Error: EROFS: read-only file system, open '/app/x.log'",
        "it cannot write /app/x.log: the file system is read-only",
    ),
    (
        r#"nginx: [emerg] mkdir() "/var/cache/nginx/client_temp" failed (30: Read-only file system)"#,
        "it cannot write /var/cache/nginx/client_temp: the file system is read-only",
    ),
    ("write /data/wal.log: no space left on device", "there is no space left for /data/wal.log"),
    (
        r#"ERROR:  could not resize shared memory segment "/PostgreSQL.1234" to 67128672 bytes: No space left on device"#,
        "there is no space left for shared memory",
    ),
    ("OSError: [Errno 28] No space left on device", "its disk is full"),
    ("listen tcp :8080: bind: address already in use", "port 8080 is in use already"),
    ("Error: listen EADDRINUSE: address already in use :::3000", "port 3000 is in use already"),
    (
        "nginx: [emerg] bind() to 0.0.0.0:8080 failed (98: Address already in use)",
        "port 8080 is in use already",
    ),
    ("Web server failed to start. Port 8080 was already in use.", "port 8080 is in use already"),
    ("OSError: [Errno 98] Address already in use", "its port is in use already"),
    (
        "exec /app/server: exec format error",
        "/app/server is made for another kind of processor than the node has",
    ),
];

#[test]
fn files_and_permissions_are_read() {
    check(FILES);
}

const SETTINGS: &[(&str, &str)] = &[
    ("FATAL: DATABASE_URL is not set", "the variable DATABASE_URL is not set"),
    ("KeyError: 'DATABASE_URL'", "the variable DATABASE_URL is not set"),
    ("sh: DB_HOST: parameter not set", "the variable DB_HOST is not set"),
    ("/entrypoint.sh: line 3: DB_HOST: unbound variable", "the variable DB_HOST is not set"),
    ("required key APP_PORT missing value", "the variable APP_PORT is not set"),
    ("Error: Missing required environment variable: API_URL", "the variable API_URL is not set"),
    ("missing required environment variable DATABASE_URL", "the variable DATABASE_URL is not set"),
    ("sh: API_TOKEN: must be set", "the variable API_TOKEN is not set"),
    ("/app/run.sh: line 3: BUCKET: tell me where to", "the variable BUCKET is not set"),
    ("/app/run: line 12: BUCKET: tell me where to", "the variable BUCKET is not set"),
    ("config error: REDIS_URL: required", "the variable REDIS_URL is not set"),
    ("Error: \"PORT\" is required", "the variable PORT is not set"),
    (
        "ERROR: required flag: --repo must be specified (env GITSYNC_REPO)",
        "the variable GITSYNC_REPO is not set",
    ),
    ("ERROR: required flag --repo", ""),
    (
        "Please set app.keys in config/server.js (ex: keys: env.array('APP_KEYS'))",
        "the variable APP_KEYS is not set",
    ),
    ("ValueError: invalid value for PORT: '80a0'", "PORT is not a value that it can read"),
    ("invalid value \"fast\" for variable MODE", "MODE is not a value that it can read"),
    ("WORKERS must be a number", "WORKERS is not a value that it can read"),
    ("LOG_LEVEL must be one of debug, info", "LOG_LEVEL is not a value that it can read"),
    ("sh: frob: not found", "there is no command frob in the image"),
    ("HTTP is not a panic", ""),
    ("WARN: this must be a dream", ""),
    ("panic: environment variable PORT must be set", "the variable PORT is not set"),
    (
        "java.lang.IllegalArgumentException: Could not resolve placeholder 'db.url' in value \"${db.url}\"",
        "the setting db.url is not set",
    ),
    (
        "Error: Database is uninitialized and superuser password is not specified.",
        "a variable that it needs is not set",
    ),
    (
        "ValueError: invalid literal for int() with base 10: 'abc'",
        "'abc' is not a value that it can read",
    ),
    (r#"strconv.Atoi: parsing "80a": invalid syntax"#, r#""80a" is not a value that it can read"#),
    ("flag provided but not defined: -prot", "it does not know the flag -prot"),
    ("Error: unknown flag: --prot", "it does not know the flag --prot"),
    ("ls: unrecognized option: nope", "it does not know the flag nope"),
    ("server: unrecognized option '--prot'", "it does not know the flag --prot"),
    ("app.py: error: unrecognized arguments: --prot 80", "it does not know the flag --prot 80"),
    ("error: unexpected argument '--prot' found", "it does not know the flag --prot"),
    ("Unrecognized VM option 'UseFoo'", "it does not know the flag UseFoo"),
    ("Error: No such option: --prot", "it does not know the flag --prot"),
    (r#"sh: syntax error: unexpected "then""#, r#"syntax error: unexpected "then""#),
    (
        r#"nginx: [emerg] unknown directive "daemn" in command line"#,
        r#"its configuration is wrong: unknown directive "daemn" in command"#,
    ),
    (
        "nginx: [emerg] invalid number of arguments in \"listen\" directive in /etc/nginx/conf.d/default.conf:2",
        "its configuration is wrong: /etc/nginx/conf.d/default.conf:2",
    ),
    (
        "yaml: line 4: mapping values are not allowed in this context",
        "its configuration is wrong: yaml: line 4: mapping values are not allowed in this context",
    ),
    (
        "json.decoder.JSONDecodeError: Expecting value: line 1 column 1 (char 0)",
        "its configuration is wrong: Expecting value: line 1 column 1 (char 0)",
    ),
    (
        "SyntaxError: Unexpected token } in JSON at position 17",
        "its configuration is wrong: Unexpected token } in JSON at position 17",
    ),
    (
        "invalid character '}' looking for beginning of object key string",
        "its configuration is wrong: invalid character '}' looking for beginning of object key string",
    ),
    ("*** FATAL CONFIG FILE ERROR (Redis 7.2.4) ***", "its configuration is wrong"),
    ("Bad directive or wrong number of arguments", "its configuration is wrong"),
    (
        r#"FATAL:  unrecognized configuration parameter "max_conections""#,
        r#"its configuration is wrong: unrecognized configuration parameter "max_conections""#,
    ),
];

#[test]
fn settings_are_read() {
    check(SETTINGS);
}

const SERVERS: &[(&str, &str)] = &[
    (
        r#"FATAL:  password authentication failed for user "shop""#,
        "the server rejects the credentials of shop",
    ),
    (
        "ERROR 1045 (28000): Access denied for user 'shop'@'10.0.0.7' (using password: YES)",
        "the server rejects the credentials of shop",
    ),
    (
        "redis.exceptions.AuthenticationError: WRONGPASS invalid username-password pair or user is disabled.",
        "a server rejects its credentials",
    ),
    ("MongoServerError: Authentication failed.", "a server rejects its credentials"),
    (r#"FATAL:  database "shop" does not exist"#, "there is no database shop"),
    (
        r#"ERROR:  relation "orders" does not exist at character 15"#,
        "there is no table orders in its database",
    ),
    (
        r#"pods is forbidden: User "system:serviceaccount:shop:default" cannot list resource "pods" in API group "" in the namespace "shop""#,
        r#"its service account may not list resource "pods""#,
    ),
    (
        "x509: certificate signed by unknown authority",
        "a certificate is not trusted (certificate signed by unknown authority)",
    ),
    ("ModuleNotFoundError: No module named 'flask'", "it cannot load flask"),
    ("Error: Cannot find module '/app/server.js'", "it cannot load /app/server.js"),
    ("Error: Could not find or load main class com.shop.Mian", "it cannot load com.shop.Mian"),
    ("/bin/sh: 1: srevr: not found", "there is no command srevr in the image"),
    ("bash: line 1: srevr: command not found", "there is no command srevr in the image"),
    (
        r#"Exception in thread "main" java.lang.OutOfMemoryError: Java heap space"#,
        "it runs out of memory by its own account: Java heap space",
    ),
    (
        "FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory",
        "it runs out of memory by its own account",
    ),
];

#[test]
fn servers_that_say_no_are_read() {
    check(SERVERS);
}

#[test]
fn what_says_nothing_is_read_as_nothing() {
    let lines = [
        "",
        "listening on :8080",
        "GET /healthz 200",
        "Usage: app [options]",
        "connected to db:5432",
        "0 errors",
        "éàü 漢字",
    ];
    check(&lines.map(|it| (it, "")));
}

#[test]
fn the_last_line_that_tells_decides_and_one_that_names_its_object_goes_before() {
    let log = [
        "cat: can't open '/etc/optional': No such file or directory",
        "Error: connect ECONNREFUSED 10.0.0.1:5432",
        "    at TCPConnectWrap.afterConnect [as oncomplete] (net.js:1141:16) {",
        "  code: 'ECONNREFUSED',",
        "}",
    ]
    .map(ToOwned::to_owned);

    assert_eq!(read(&log).unwrap().about.as_deref(), Some("10.0.0.1:5432"));
}
