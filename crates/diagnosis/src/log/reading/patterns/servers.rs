//! What servers say that answer, and not as the program hoped.

use crate::log::reading::Trouble;

/// Read as `super::PATTERNS` says.
pub(in super::super) const PATTERNS: &[(Trouble, &str)] = &[
    // Of the length of credentials, before they are sent.
    (
        Trouble::Malformed,
        r"(?-i)\b([A-Z][A-Z0-9]*_[A-Z0-9_]+) (?i:length should be|(?:is|must be) too (?:short|long)|must be at least)",
    ),
    (Trouble::Role, r#"role "([^"]+)" does not exist"#),
    (
        Trouble::Ungranted,
        r"permission denied (?:for|to) ((?:table|relation|view|schema|database|sequence|function) [^\s;,]+)",
    ),
    (Trouble::Ungranted, r"command denied to user '[^']*'@'[^']*' for (table '[^']+')"),
    (
        Trouble::Crowded,
        r"too many clients already|too many connections|remaining connection slots are reserved|max number of clients reached",
    ),
    (
        Trouble::Anonymous,
        r"NoCredentialsError|unable to locate credentials|NoCredentialProviders|no valid providers in chain|(?:default credentials were not|could not find default credentials)|(?:could not|unable to) load credentials from any|CredentialsProviderError|no EC2 IMDS role found|failed to (?:refresh cached|retrieve) credentials",
    ),
    (
        Trouble::Rejected,
        r"unable to authenticate user \[([^\]]+)\]|credentials for [`']([^`']+)[`'] are (?:not valid|invalid|incorrect)|login failed for user '([^']+)'|exception authenticating MongoCredential\{[^}]*userName='([^']+)'",
    ),
    (Trouble::Platform, r"(?P<what>/\S+): exec format error"),
    (Trouble::Platform, r"exec format error|cannot execute binary file"),
    // Who is rejected. The word before the name differs from server to server.
    (Trouble::Rejected, r#"password authentication failed for user "(?P<what>[^"]+)""#),
    (Trouble::Rejected, r"access denied for user '(?P<what>[^']*)'"),
    (Trouble::Rejected, r#"no pg_hba\.conf entry for host(?: "[^"]*", user "([^"]+)")?"#),
    (Trouble::Rejected, r"\b(?:WRONGPASS|NOAUTH|ACCESS_REFUSED)\b"),
    (Trouble::Rejected, r"invalid (?:user ?name|credentials|api ?key|password|username-password)"),
    (Trouble::Rejected, r"\bauthentication (?:failed|failure|error)|\bbad credentials\b"),
    (Trouble::Rejected, r"(?P<what>[\w.-]+@[\w.-]+): permission denied \([a-z,-]+\)"),
    (Trouble::Rejected, r"permission denied \([a-z]+(?:[,-][a-z]+)*\)"),
    (
        Trouble::Rejected,
        r"\b401 (?:client error: )?unauthorized|status(?:[ _]?code)?[:=]? ?401\b|\b(?:invalid_client|unauthorized_client|invalid_grant|invalid_token)\b",
    ),
    (
        Trouble::Barred,
        r"\b(?:GET|PUT|POST|PATCH|DELETE|LIST|HEAD) https?://(?P<what>[^/\s'\x22]+).*\b(?:status|code)(?:[ _]?code)?[:=]? ?403\b",
    ),
    (
        Trouble::Barred,
        r"\b403 (?:client error: )?forbidden(?: for url: https?://([^/\s'\x22]+))?|\(AccessDenied(?:Exception)?\)|\b(?:status|code)(?:[ _]?code)?[:=]? ?403\b",
    ),
    (Trouble::Database, r#"database "(?P<what>[^"]+)" does not exist"#),
    (Trouble::Database, r"unknown database '(?P<what>[^']+)'"),
    (Trouble::Schema, r#"relation "(?P<what>[^"]+)" does not exist"#),
    (Trouble::Schema, r"table '(?P<what>[^']+)' doesn't exist|no such table: (?P<table>\S+)"),
    (
        Trouble::Forbidden,
        r#"user "system:serviceaccount:[^"]+" cannot (?P<what>[a-z]+ resource "[^"]+")"#,
    ),
    (
        Trouble::Rejected,
        r"no password (?:was )?(?:supplied|provided)|client password must be a string|without any password configured|username or password not allowed|\bInvalidAccessKeyId\b|access key id you provided does not exist|\bSignatureDoesNotMatch\b|missing authentication credentials|is not allowed to connect to this|(?:wrong|incorrect) (?:user ?name or )?password|password was incorrect|ERR invalid password|login incorrect|requested URL returned error: 401",
    ),
    (
        Trouble::Rejected,
        r"\b(?:invalid_auth|not_authed|token_revoked|token_expired|account_inactive|invalid_api_key|invalid_access_token|InvalidClientTokenId|UnrecognizedClientException|InvalidAuthenticationToken|InvalidToken|ExpiredToken(?:Exception)?)\b|(?:invalid|incorrect|bad|expired|revoked|wrong) (?:api|access|auth|authentication|bearer|bot|security) token\b|incorrect api key|invalid x-api-key|improper token has been passed|an invalid token was provided|username and password not accepted|\b535[ -]5\.7\.8\b",
    ),
];
