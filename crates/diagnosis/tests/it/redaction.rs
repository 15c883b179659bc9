//! No secret passes; what Kubernetes says in good faith does.

use diagnosis::Redactor;
use proptest::prelude::*;

fn redactor() -> Redactor {
    Redactor::new([7; 32])
}

/// The canary stands in every text below; none of it may come through.
const CANARY: &str = "Zq7canaryW4x";

#[track_caller]
fn gone(text: &str) {
    let redacted = redactor().redact(text);

    assert!(text.contains(CANARY), "no canary in {text}");
    assert!(!redacted.contains(CANARY), "{redacted}");
    assert!(redacted.contains("[redacted:"), "{redacted}");
    assert_eq!(redactor().redact(&redacted), redacted);
}

#[track_caller]
fn kept(text: &str) {
    assert_eq!(redactor().redact(text), text);
}

#[test]
fn what_is_told_in_words_in_sql_or_in_xml_is_gone() {
    for text in [
        "the password is Zq7canaryW4x, do not tell",
        "new API key is: Zq7canaryW4x",
        "Generated token was set to Zq7canaryW4x",
        "ALTER USER shop WITH PASSWORD 'Zq7canaryW4x';",
        "CREATE USER 'shop'@'%' IDENTIFIED BY 'Zq7canaryW4x'",
        r#"ALTER ROLE shop PASSWORD "Zq7canaryW4x""#,
        "<user>bob</user><password>Zq7canaryW4x</password>",
        "passwd Zq7canaryW4x",
        "login with credentials admin:Zq7canaryW4x",
        "apikey Zq7canaryW4x",
        r#"create user shop identified by "Zq7canaryW4x""#,
        "wrong password (Zq7canaryW4x) for user shop",
        "encryption key: Zq7canaryW4x",
        "set password to Zq7canaryW4x",
        "otp code Zq7canaryW4x",
        "<db:Password encoding=\"plain\">Zq7canaryW4x</db:Password>",
    ] {
        gone(text);
    }
    for text in [
        "the password is required",
        "password is wrong",
        "token is expired, the secret was not found",
        "<name>shop7Api</name>",
        r#"secret "web-tls2" not found"#,
        "references non-existent secret key: tls2.crt",
        "cannot read private key /etc/tls2/key.pem",
        "no revision identified by '3f2a9c'",
        "the password (optional) is asked for",
        "encryption key not found",
        "credentials not found: no file",
        "access key missing",
        "<password></password>",
    ] {
        kept(text);
    }
}

#[test]
fn a_value_behind_a_secret_name_is_gone() {
    for text in [
        "DB_PASSWORD=Zq7canaryW4x",
        "export API_TOKEN='Zq7canaryW4x'",
        "password: Zq7canaryW4x",
        "login user=bob password=Zq7canaryW4x, host=db",
        "Server=db;User Id=sa;Password=Zq7canaryW4x;Database=shop",
        r#"{"user":"bob","password":"Zq7canaryW4x"}"#,
        r#"{"user":"bob","password" : "Zq7canaryW4x cut off here"#,
        r#"{"msg":"login {\"password\":\"Zq7canaryW4x\",\"user\":\"bob\"}"}"#,
        "{'api_key': 'Zq7canaryW4x'}",
        r#"{"clientSecret":"a\"Zq7canaryW4x"}"#,
        r#"[{"name":"DB_PASSWORD","value":"Zq7canaryW4x"}]"#,
        r#"[{"value":"Zq7canaryW4x","name":"DB_PASSWORD"}]"#,
        r#"/spec/template/spec/containers/0/env/3/value: "Zq7canaryW4x" -> "b c""#,
        r#"/spec/template/spec/containers/0/env/3/value: "b" -> "Zq7canaryW4x""#,
        r#"/spec/template/spec/containers/0/env/3/value: nothing -> "Zq7canaryW4x""#,
        "- name: DB_PASSWORD\n  value: Zq7canaryW4x",
        "{Name:DB_PASSWORD Value:Zq7canaryW4x ValueFrom:nil}",
        r#"["serve","--api-key","Zq7canaryW4x"]"#,
        "serve --token Zq7canaryW4x --port 8080",
        "serve --token=Zq7canaryW4x",
        "GET /login?user=bob&access_token=Zq7canaryW4x&page=2",
        "secret => 'Zq7canaryW4x'",
        "AWS_SECRET_ACCESS_KEY=Zq7canaryW4x/abc+def",
        "auth: token=Zq7canaryW4x",
        "MYSQL_PWD=Zq7canaryW4x mysql",
        "passphrase = \"Zq7canaryW4x with words\"",
    ] {
        gone(text);
    }
}

#[test]
fn a_credential_in_a_header_is_gone() {
    for text in [
        "Authorization: Bearer Zq7canaryW4x",
        "authorization: Basic Zq7canaryW4x=",
        r#"{"Authorization":"Bearer Zq7canaryW4x"}"#,
        "Proxy-Authorization: Digest username=bob, response=Zq7canaryW4x",
        "sent bearer Zq7canaryW4x to the server",
        "Set-Cookie: session=Zq7canaryW4x; Path=/",
        "X-Api-Key: Zq7canaryW4x",
        "curl -u bob:Zq7canaryW4x http://api/",
    ] {
        gone(text);
    }
}

#[test]
fn a_credential_in_an_address_is_gone() {
    for text in [
        "postgres://bob:Zq7canaryW4x@db:5432/shop",
        "redis://:Zq7canaryW4x@cache:6379",
        "parse \"postgres://ledger:Pa/Zq7canaryW4x#w0rd@ledgerpg:5432/ledger\": invalid port",
        "mysql://shop:12/Zq7canaryW4x@db/shop",
        "https://bob:pa?Zq7canaryW4x@git.example/shop.git",
        "amqp://bob:p@Zq7canaryW4x@mq/vhost",
        "https://Zq7canaryW4x0123456789@sentry.example/1",
        "bob:Zq7canaryW4x@tcp(db:3306)/shop",
        "bob:Zq7canaryW4x@db:5432/shop",
        "mail to Zq7canaryW4x@example.com failed",
    ] {
        gone(text);
    }
}

#[test]
fn a_key_that_is_known_by_its_shape_is_gone() {
    for text in [
        "got eyJhbGciOiJIUzI1NiJ9.Zq7canaryW4x.c2ln in the body",
        concat!("gh", "p_Zq7canaryW4x0123456789abcdef"),
        concat!("github_", "pat_Zq7canaryW4x0123456789abcdef"),
        concat!("xox", "b-Zq7canaryW4x-0123456789"),
        concat!("https://hooks.slack", ".com/services/T0/B0/Zq7canaryW4x"),
        concat!("s", "k-proj-Zq7canaryW4x0123456789abcdef"),
        concat!("AI", "zaZq7canaryW4x0123456789abcdefghijkABC"),
        concat!("gl", "pat-Zq7canaryW4x01234567"),
        concat!("hv", "s.Zq7canaryW4x0123456789"),
        concat!("sk", "_live_Zq7canaryW4x0123456789"),
        concat!("np", "m_Zq7canaryW4x0123456789abcdefabcdef"),
        concat!("ya", "29.Zq7canaryW4x0123456789abcdef"),
        concat!("xap", "p-1-Zq7canaryW4x-0123456789"),
        concat!("gh", "o_Zq7canaryW4x0123456789abcdef"),
        "https://discord.com/api/webhooks/1234567890/Zq7canaryW4x0123456789abcdef",
    ] {
        gone(text);
    }
    let id = concat!("AK", "IAQ7CANARYW4X00000");
    assert!(!redactor().redact(&format!("key {id} is not valid")).contains(id));
}

/// Forty letters of base64, as AWS makes them.
const AWS_SECRET: &str = concat!("wJalrXUtnFEMI/", "K7MDENG/bPxRfiCYZq7CANARY4");

#[test]
fn a_secret_access_key_is_gone_where_something_says_whose_it_is() {
    for text in [
        format!("aws credentials: {AWS_SECRET}"),
        format!("using AWS key pair {} and {AWS_SECRET}", concat!("AK", "IAQ7CANARYW4X00000")),
        format!("{AWS_SECRET} belongs to {}", concat!("AK", "IAQ7CANARYW4X00000")),
        format!("the secret\n{AWS_SECRET}\nis old"),
    ] {
        assert!(!redactor().redact(&text).contains(AWS_SECRET), "{text}");
    }
    for text in [
        "aws sdk built from 3f2a9c1d4e5b6a7988776655443322110099aabb",
        "image shop/web:3f2a9c1d4e5b6a7988776655443322110099aabb, secret web-db",
        "digest sha256:3f2a9c1d4e5b6a79887766554433221100ffeeddccbbaa99887766554433221100 of the secret",
        "secret web-6c8d7f9b5d is gone, uid 8f14e45f-ceea-467f-a0e6-1c1d2c8b6d3e",
        "secret /etc/AppConfig2/certs/ClientCertificates/Main01 cannot be read",
    ] {
        kept(text);
    }
}

#[test]
fn a_long_word_drawn_by_chance_is_gone_behind_the_word_for_a_key() {
    for text in [
        "using token Zq7canaryW4xAbCdEf0123",
        "the key 'Zq7canaryW4x_AbCdEf0123' is old",
        "rotated secret (Zq7canaryW4xAbCdEf0123)",
    ] {
        gone(text);
    }
    let hex = "9f86d081884c7d659a2feaa0c55ad015";
    assert!(!redactor().redact(&format!("token {hex} refused")).contains(hex));
    for text in [
        "token 8f14e45f-ceea-467f-a0e6-1c1d2c8b6d3e-is-no-token",
        "cache key 9f86d081884c7d659a2feaa0c55ad015 is stale",
        "secret kube-api-access-7xk2p-and-more-words",
        "key spec.template.spec.containers",
    ] {
        kept(text);
    }
}

#[test]
fn a_connection_string_loses_its_password() {
    for text in [
        "postgresql+psycopg2://shop:Zq7canaryW4x@db:5432/shop?sslmode=disable",
        "mysql://root:Zq7canaryW4x@db/shop",
        "mongodb+srv://shop:Zq7canaryW4x@cluster0.example/shop",
        "redis://default:Zq7canaryW4x@cache:6379/0",
        "amqps://guest:Zq7canaryW4x@mq:5671/%2f",
        "sqlserver://sa:Zq7canaryW4x@db:1433?database=shop",
        "jdbc:postgresql://db:5432/shop?user=shop&password=Zq7canaryW4x",
        "jdbc:oracle:thin:shop/Zq7canaryW4x@db:1521/XE",
        "Server=db,1433;Initial Catalog=shop;User ID=sa;Pwd=Zq7canaryW4x;Encrypt=true",
        "host=db user=shop password=Zq7canaryW4x dbname=shop",
        "clickhouse://default:Zq7canaryW4x@ch:9000",
        "https://bob:Zq7canaryW4x@git.example/shop.git",
    ] {
        gone(text);
    }
}

#[test]
fn a_password_on_a_command_line_or_in_a_manifest_is_gone() {
    for text in [
        "mysqldump --user=root --password=Zq7canaryW4x shop",
        "PGPASSWORD=Zq7canaryW4x psql -h db",
        "redis-cli -h cache -a Zq7canaryW4x ping",
        "mysql -uroot -pZq7canaryW4x shop",
        r#"{"auths":{"ghcr.io":{"username":"bob","password":"Zq7canaryW4x","auth":"Zq7canaryW4x"}}}"#,
        r#"{"password": "Zq7canaryW4x"}"#,
        r#"command: ["redis-server","--requirepass","Zq7canaryW4x"]"#,
        "requirepass Zq7canaryW4x",
        "token=Zq7canaryW4x&next=/",
        "x-vault-token: Zq7canaryW4x",
        "AZURE_CLIENT_SECRET=Zq7canaryW4x~abc",
        "DefaultEndpointsProtocol=https;AccountName=shop;AccountKey=Zq7canaryW4x0123456789==;EndpointSuffix=x",
        "https://shop.blob.core.windows.net/x?sv=2022&sig=Zq7canaryW4x%3D",
    ] {
        gone(text);
    }
}

/// Base64 hides a secret from a reader and from nobody else.
#[test]
fn a_secret_in_base64_is_gone() {
    // {"password": "Zq7canaryW4x"} and shop:Zq7canaryW4x.
    for encoded in ["eyJwYXNzd29yZCI6ICJacTdjYW5hcnlXNHgifQ==", "c2hvcDpacTdjYW5hcnlXNHg="] {
        for text in [
            format!("data: {{password: {encoded}}}"),
            format!("Authorization: Basic {encoded}"),
            format!("DB_PASSWORD={encoded}"),
            format!(r#"{{"auth":"{encoded}"}}"#),
            format!(".dockerconfigjson: {encoded}"),
        ] {
            let redacted = redactor().redact(&text);
            assert!(!redacted.contains(encoded), "{redacted}");
        }
    }
    let alone = "payload eyJwYXNzd29yZCI6ICJacTdjYW5hcnlXNHgifQ== rejected";
    assert!(!redactor().redact(alone).contains("eyJwYXNz"), "{}", redactor().redact(alone));
}

#[test]
fn a_block_is_gone_whole_or_cut_off() {
    for text in [
        "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA\nZq7canaryW4x\n-----END RSA PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\nMIIEpAIBAAKCAQEAZq7canaryW4x0123456789\nMIIE",
        "MIIEpAIBAAKCAQEA\nZq7canaryW4x0123456789\n-----END PRIVATE KEY-----\nnext line",
        "2026-11-24 key is MIIEpAIBAAKCAQEAZq7canaryW4x01234567890123456789012345678901234567890123456789",
        r#"{"key":"-----BEGIN PRIVATE KEY-----\nMIIEZq7canaryW4x0123456789\n-----END PRIVATE KEY-----\n"}"#,
        "-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nZq7canaryW4x\n-----END EC PRIVATE KEY-----",
    ] {
        gone(text);
    }
}

#[test]
fn what_follows_a_block_is_kept() {
    let text =
        "-----BEGIN PRIVATE KEY-----\nMIIEpAIBAAKCAQEA0123\n-----END PRIVATE KEY-----\nstarted";

    assert!(redactor().redact(text).ends_with("\nstarted"));
}

#[test]
fn the_same_secret_has_the_same_mark_under_the_same_key() {
    let one = redactor().redact("password=Zq7canaryW4x");

    assert_eq!(
        redactor().redact("token: 'Zq7canaryW4x'").split('[').nth(1),
        Some(&*format!("{}'", one.split('[').nth(1).unwrap()))
    );
    assert_ne!(Redactor::new([8; 32]).redact("password=Zq7canaryW4x"), one);
}

#[test]
fn a_value_is_marked_whole_when_its_name_says_so() {
    assert!(!redactor().redact_value("DB_PASSWORD", "two words").contains("words"));
    assert_eq!(redactor().redact_value("MODE", "two words"), "two words");
}

#[test]
fn what_kubernetes_says_is_kept() {
    for text in include_str!("benign.txt").lines() {
        kept(text);
    }
}

fn hostile() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        Just("password".to_owned()),
        Just("token".to_owned()),
        Just("=".to_owned()),
        Just(": ".to_owned()),
        Just("\"".to_owned()),
        Just("'".to_owned()),
        Just("\\".to_owned()),
        Just("\n".to_owned()),
        Just(" ".to_owned()),
        Just(",".to_owned()),
        Just("&".to_owned()),
        Just("@".to_owned()),
        Just("://".to_owned()),
        Just("-----BEGIN A-----".to_owned()),
        Just("-----END A-----".to_owned()),
        Just("[redacted:".to_owned()),
        Just("[redacted:0123abcd]".to_owned()),
        Just("Bearer ".to_owned()),
        Just("authorization: ".to_owned()),
        Just("eyJhbGciOiJI.eyJzdWIi.x".to_owned()),
        Just("bob@example.com".to_owned()),
        Just("--".to_owned()),
        Just("name".to_owned()),
        Just("value".to_owned()),
        Just("é".to_owned()),
        "[a-zA-Z0-9]{1,12}",
        ".{0,6}",
    ];
    prop::collection::vec(part, 0..24).prop_map(|it| it.concat())
}

proptest! {
    #[test]
    fn redacting_twice_changes_nothing_more(text in hostile()) {
        let once = redactor().redact(&text);
        prop_assert_eq!(redactor().redact(&once), once);
    }

    #[test]
    fn a_password_is_gone_whatever_it_is_made_of(
        secret in "[A-Wa-w0-9][A-Za-z0-9!#$%^*_+=/-]{7,23}", before in "[a-z ]{0,12}", after in "[a-z ]{0,12}",
    ) {
        let redacted = redactor().redact(&format!("{before} DB_PASSWORD={secret} {after}"));
        prop_assert!(!redacted.contains(&secret), "{}", redacted);
        let redacted = redactor().redact(&format!(r#"{{"a":"{before}","password":"{secret}","b":"{after}"}}"#));
        prop_assert!(!redacted.contains(&secret), "{}", redacted);
    }
}
