//! Secrets that are known by their shape alone.

use std::borrow::Cow;

use regex::Captures;

use super::{Fitting, Marking, Stage, group};

/// Letters in a row, without a hyphen, that no name of a pod has: a key of the model providers has them.
const MIN_RUN: usize = 24;

/// In order: JSON web tokens; AWS key ids; Google API keys and access tokens; GitHub; GitLab; Slack tokens; JSON
/// and DER in base64; webhooks; model providers; Stripe; npm, Docker Hub, Hugging Face, `DigitalOcean`; Vault;
/// `SendGrid`; Telegram; age; Azure; then what begins with a vendor's word, by the letters that follow; then what has
/// it at another place; then what has no more than its length and a letter or two.
///
/// Each word and length is as its vendor documents it, or as the scanners of code forges look for it:
/// <https://docs.github.com/en/code-security/secret-scanning/introduction/supported-secret-scanning-patterns>,
/// <https://docs.gitlab.com/user/application_security/secret_detection/detected_secrets/>.
const PATTERNS: [&str; 38] = [
    r"\b(?P<secret>eyJ[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]{6,}(?:\.[A-Za-z0-9_-]*){0,3})",
    r"\b(?P<secret>(?:AKIA|ASIA|ABIA|ACCA|AGPA|AIDA|AIPA|ANPA|ANVA|AROA)[A-Z0-9]{16})\b",
    r"\b(?P<secret>AIza[A-Za-z0-9_-]{35})",
    r"\b(?P<secret>ya29\.[A-Za-z0-9_-]{20,})",
    r"\b(?P<secret>gh[opsur]_[A-Za-z0-9]{20,})",
    r"\b(?P<secret>github_pat_[A-Za-z0-9_]{20,})",
    r"\b(?P<secret>gl(?:pat|ptt|rt|soat|ft|dt|agent|cbt|imt|oas|ffct)-[A-Za-z0-9_.-]{16,})",
    r"\b(?P<secret>xox[abeoprs]-[A-Za-z0-9-]{10,})",
    r"\b(?P<secret>xapp-[A-Za-z0-9-]{10,})",
    r"\b(?P<secret>eyJ[A-Za-z0-9+/_-]{20,}={0,2})",
    r"\b(?P<secret>MII[A-Za-z0-9+/]{60,}={0,2})",
    r"discord(?:app)?\.com/api/webhooks/[0-9]{1,20}/(?P<secret>[A-Za-z0-9_-]{8,})",
    r"hooks\.slack\.com/(?:services|workflows)/(?P<secret>[A-Za-z0-9/_-]{8,})",
    r"\b(?P<key>(?P<secret>sk-[A-Za-z0-9_-]{20,}))",
    r"\b(?P<secret>(?:[sr]k_(?:live|test)|whsec)_[A-Za-z0-9]{10,})",
    r"\b(?P<secret>(?:npm_|dckr_pat_|dckr_oat_|hf_|do[opr]_v1_)[A-Za-z0-9_-]{20,})",
    r"\b(?P<secret>hv[bsr]\.[A-Za-z0-9_-]{20,})",
    r"\b(?P<secret>SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,})",
    r"\b(?:bot)?(?P<secret>[0-9]{8,10}:AA[A-Za-z0-9_-]{30,})",
    r"\b(?P<secret>AGE-SECRET-KEY-1[A-Z0-9]{20,})",
    r"\b(?P<secret>AccountKey=[A-Za-z0-9+/]{20,}={0,2})",
    r"(?:^|[^A-Za-z0-9_~.-])(?P<secret>[A-Za-z0-9_~.]{3}[0-9]Q~[A-Za-z0-9_~.-]{31,34})",
    r"\b(?P<worded>(?P<secret>(?:pypi-AgE|lin_api_|lin_oauth_|sntrys_|sntryu_|sntrya_|fo1_|fm2_|pscale_pw_|pscale_tkn_|pscale_oauth_|ATATT3|ATCTT3|ATBB|CFPAT-|GOCSPX-|duffel_live_|duffel_test_|FLWSECK-|FLWSECK_TEST-|fio-u-|nfp_|ntn_|pplx-|gsk_|xai-|tskey-|tfp_|CCIPAT_|figd_|lsv2_pt_|lsv2_sk_|phx_|napi_|AKCp|cmVmdGtu|sb_secret_|AQVN|bkua_)[A-Za-z0-9_=+/.-]{16,512}))",
    r"\b(?P<worded>(?P<secret>(?:glsa_|glc_|GR1348941|rdme_|rubygems_|shippo_live_|shippo_test_|PMAK-|xkeysib-|xsmtpsib-|pul-|pnu_|rnd_|tk-us-|r8_|LTAI|ops_eyJ|sgp_|NRAK-|NRII-|NRIQ-|NRRA-|NRJS-|NRBR-|EZAK|EZTK|ico-|s-s4t2ud-|s-s4t2af-|AGPM-|cio|sha256~|1//0)[A-Za-z0-9_=+/-]{18,512}))",
    r"\b(?P<secret>dp\.(?:pt|st|ct|sa|scim|audit)\.[A-Za-z0-9._-]{20,512})",
    r"\b(?P<secret>shp(?:at|ss|ca|pa|pat|tka)_[A-Fa-f0-9]{32})",
    r"\b(?P<secret>sq0(?:csp|atp|idp)-[A-Za-z0-9_-]{20,64})",
    r"\b(?P<secret>sq[pua]_[0-9a-f]{40})\b",
    r"\b(?P<secret>(?:dapi|key-)[0-9a-f]{32}(?:-[0-9])?)\b",
    r"\b(?P<secret>sbp_[0-9a-f]{40})\b",
    r"\b(?P<secret>[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=-]{40,128})",
    r"\b(?P<secret>pat[A-Za-z0-9]{14}\.[0-9a-f]{64})\b",
    r"\b(?P<secret>dt0[a-z][0-9]{2}\.[A-Z0-9]{24}\.[A-Z0-9]{64})\b",
    r"\b(?P<secret>v1\.0-[0-9a-f]{24,64}(?:-[0-9a-f]{100,200})?)\b",
    r"\b(?P<secret>(?:eu|us|ap)[0-9]{2}xx[0-9a-f]{34}|[0-9a-f]{36}NRAL|[0-9a-f]{32}-us[0-9]{1,2})\b",
    r"\b(?P<secret>pat-(?:na|eu)[0-9]-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\b",
    r"\b(?P<secret>(?:SK|AC)[0-9a-f]{32})\b",
    r"(?:^|[^A-Za-z0-9_.-])(?P<drawn>(?P<secret>s\.[A-Za-z0-9]{24}))(?:[^A-Za-z0-9_.-]|$)",
];

pub(super) const STAGE: Stage = Stage { patterns: &PATTERNS, redact };

fn redact<'t>(marks: &Marking<'_>, text: Cow<'t, str>, patterns: &Fitting<'_>) -> Cow<'t, str> {
    marks.replace_all(text, patterns, is_secret)
}

/// `sk-` also begins names of people's own; a key has capitals, or more letters in a row than a name. What a vendor's
/// word begins has digits in it, and letters drawn by chance.
fn is_secret(found: &Captures<'_>) -> bool {
    let (key, worded, drawn) = (group(found, "key"), group(found, "worded"), group(found, "drawn"));
    let has = |text: &str, is: fn(&u8) -> bool| text.bytes().any(|it| is(&it));
    let is_long = |it: &str| MIN_RUN <= it.len();
    let is_key = has(key, u8::is_ascii_uppercase) || key.split(['-', '_']).any(is_long);
    let is_worded = has(worded, u8::is_ascii_digit)
        && worded.split(['-', '_', '.', '/']).any(|it| 14 <= it.len());
    (key.is_empty() || is_key)
        && (worded.is_empty() || is_worded)
        && (drawn.is_empty()
            || has(drawn, u8::is_ascii_uppercase) && has(drawn, u8::is_ascii_digit))
}
