//! What a Secret gives a program that cannot read it: a key, an address. No Secret is read, so that it is told
//! where nothing else fits.

use k8s_openapi::api::core::v1::{EnvVar, SecretKeySelector};
use types::SpotTopic;

use super::{Spot, schemes, sources};
use crate::evidence::failing::Failing;
use crate::log::reading::Trouble;
use crate::quoting::stands_alone;

/// What a line has in it that is about a key, and the names of its variables.
const KEYS: ([&str; 8], [&str; 6]) = (
    ["pem", "key", "secret", "base64", "decoder", "asn1", "padding", "certificate"],
    ["KEY", "PEM", "CERT", "JWT", "SECRET", "PRIVATE"],
);
/// The same of an address.
const ADDRESSES: ([&str; 6], [&str; 7]) = (
    ["://", "url", "uri", "dsn", "connection string", "invalid port"],
    ["URL", "URI", "DSN", "CONN", "DATABASE", "ADDR", "ENDPOINT"],
);

/// The names of variables that name a host alone.
const HOSTS: [&str; 3] = ["HOST", "SERVER", "BROKER"];
/// Hosts that are the pod itself.
const OWN: [&str; 3] = ["localhost", "127.0.0.1", "0.0.0.0"];

/// A variable with its place.
type Placed<'a> = (usize, &'a EnvVar);

/// The variable whose value cannot be read, where the template does not show it.
pub(super) fn malformed(failing: &Failing<'_>) -> Option<Spot> {
    let reading = failing.reading.as_ref().filter(|it| it.trouble == Trouble::Malformed)?;
    let value = reading.about.as_deref().unwrap_or_default().trim_matches(['"', '\'', '`']);
    // A word of its command is what it is given. A script may have anything in it.
    let is_word = |it: &str| !it.contains(char::is_whitespace) && it.contains(value);
    if !value.is_empty() && failing.telling_words().iter().any(|it| is_word(it.1)) {
        return None;
    }
    let line = reading.line.to_lowercase();
    let has = |marks: &[&str]| marks.iter().any(|it| line.contains(it));
    let (is_address, is_key) = (has(&ADDRESSES.0), has(&KEYS.0));
    let names: &[&str] = if is_address {
        &ADDRESSES.1
    } else if is_key {
        &KEYS.1
    } else {
        &[]
    };
    let is_shown = !value.is_empty();
    let fits = |it: &Placed<'_>| is_like(it.1, names) && !(is_shown && is_other(it.1, is_address));
    // What is as the program wants it is not to blame.
    let is_right = |it: &String| schemes::is_listed(reading.line, it);
    let is_set = |it: &EnvVar| it.value.as_ref().is_some_and(|it| !is_right(it));
    let mut all = variables(failing).filter(|it| secret(it.1).is_some() || is_set(it.1));
    let found =
        all.find(fits).filter(|_| !all.any(|it| fits(&it))).or_else(|| only_variable(failing));
    match found {
        Some((at, variable)) => of_variable(failing, at, variable),
        None if is_address || is_key => {
            whole(failing).or_else(|| volume(failing).filter(|_| is_key))
        }
        None => whole(failing),
    }
}

/// The variable from elsewhere that may name the host which does not answer, where nothing in the template has it
/// and nothing else brings any; or the one Secret whose keys are all variables.
pub(super) fn host(failing: &Failing<'_>) -> Option<Spot> {
    let address = failing.reading.as_ref()?.address()?;
    let host = address.split(':').next().filter(|it| !OWN.contains(it))?;
    let has = |it: &str| stands_alone(it, host);
    let is_shown = failing.variables().iter().any(|it| has(it.2))
        || failing.telling_words().iter().any(|it| has(it.1));
    let is_mounted = failing
        .spec
        .volumes
        .iter()
        .flatten()
        .any(|it| it.config_map.is_some() || it.secret.is_some() || it.projected.is_some());
    let is_from = failing.container.env_from.iter().flatten().next().is_some();
    if is_shown || is_mounted || host.parse::<std::net::IpAddr>().is_ok() {
        return None;
    }
    if is_from {
        // A server that is not well says nothing of who names it.
        failing.about(Trouble::Unresolved)?;
        return whole(failing).map(|it| Spot { topic: SpotTopic::Needs, ..it });
    }
    let may_be = |it: &Placed<'_>| is_like(it.1, &ADDRESSES.1) || is_like(it.1, &HOSTS);
    let given = variables(failing).filter(|it| it.1.value_from.is_some()).filter(may_be);
    let (at, only) = only_for(host, &given.collect::<Vec<_>>())?;
    let spot = sources::of_variable(failing, at, only)?;
    let words =
        format!("; it probably comes from {}{}", only.name, spot.words.replace("; it", ", which"));
    Some(Spot { topic: SpotTopic::Needs, words, ..spot })
}

/// The only one of these, or the only one with a word of the host in its name: `MYSQL_HOST` for `menu-mysql`.
fn only_for<'a>(host: &str, all: &[Placed<'a>]) -> Option<Placed<'a>> {
    if let [only] = all {
        return Some(*only);
    }
    let is_of_host = |it: &str| host.split(['-', '.']).any(|part| part.eq_ignore_ascii_case(it));
    let mut named = all.iter().filter(|it| it.1.name.split('_').any(is_of_host));
    named.next().filter(|_| named.next().is_none()).copied()
}

/// The one variable that a Secret gives, where nothing else gives any that is not known.
pub(super) fn only_variable<'a>(failing: &Failing<'a>) -> Option<Placed<'a>> {
    if failing.container.env_from.iter().flatten().next().is_some() {
        return None;
    }
    let is_of_map =
        |it: &EnvVar| it.value_from.as_ref().is_some_and(|it| it.config_map_key_ref.is_some());
    let mut given = variables(failing).filter(|it| secret(it.1).is_some());
    let only = given.next().filter(|_| given.next().is_none())?;
    variables(failing).all(|it| !is_of_map(it.1)).then_some(only)
}

/// The one Secret whose keys are all variables, where nothing else gives any.
pub(super) fn whole(failing: &Failing<'_>) -> Option<Spot> {
    if variables(failing).any(|it| it.1.value_from.is_some()) {
        return None;
    }
    let sources = failing.container.env_from.as_deref().unwrap_or_default();
    let [only] = sources else { return None };
    let name = &only.secret_ref.as_ref()?.name;
    let path = failing.path.child("envFrom").index(0).child("secretRef").child("name");
    let words = format!("; it is probably a variable that comes from Secret {name}");
    Some(Spot::new(SpotTopic::Program, path, name, words))
}

/// The one Secret that is mounted, where no variable comes from any.
fn volume(failing: &Failing<'_>) -> Option<Spot> {
    let is_given = variables(failing).any(|it| it.1.value_from.is_some());
    if is_given || failing.container.env_from.iter().flatten().next().is_some() {
        return None;
    }
    let mut volumes = failing.spec.volumes.iter().flatten().enumerate().filter(|(_, volume)| {
        let mut mounts = failing.container.volume_mounts.iter().flatten();
        volume.secret.is_some() && mounts.any(|it| it.name == volume.name)
    });
    let (at, only) = volumes.next().filter(|_| volumes.next().is_none())?;
    let name = only.secret.as_ref()?.secret_name.as_deref()?;
    let path = failing.objects.root.kind().pod_spec_path()?.child("volumes").index(at);
    let path = path.child("secret").child("secretName");
    let words = format!("; it is probably a file of Secret {name}");
    Some(Spot::new(SpotTopic::Program, path, name, words))
}

fn of_variable(failing: &Failing<'_>, at: usize, variable: &EnvVar) -> Option<Spot> {
    let name = &variable.name;
    let Some(source) = secret(variable) else {
        let spot = sources::of_variable(failing, at, variable)?;
        return Some(Spot { words: format!("; the template sets {name}{}", spot.words), ..spot });
    };
    let SecretKeySelector { name: object, key, .. } = source;
    let words = format!("; {name} comes from key {key} of Secret {object}");
    let path = failing.path.child("env").index(at).child("valueFrom").child("secretKeyRef");
    Some(Spot::new(SpotTopic::Program, path.child("key"), key, words))
}

fn variables<'a>(failing: &Failing<'a>) -> impl Iterator<Item = Placed<'a>> {
    failing.container.env.iter().flatten().enumerate()
}

fn secret(variable: &EnvVar) -> Option<&SecretKeySelector> {
    variable.value_from.as_ref()?.secret_key_ref.as_ref()
}

/// Whether its name, or that of its key, is one of what the words are about.
fn is_like(variable: &EnvVar, names: &[&str]) -> bool {
    let key = secret(variable).map(|it| it.key.to_uppercase()).unwrap_or_default();
    let name = variable.name.to_uppercase();
    names.iter().any(|it| name.contains(it) || key.contains(it))
}

/// Whether the template shows that it has another value than the one that the words show. Of an address the password
/// is not told.
fn is_other(variable: &EnvVar, is_address: bool) -> bool {
    let is_url = |it: &String| is_address && it.contains("://") && it.contains('@');
    variable.value.as_ref().is_some_and(|it| !is_url(it))
}
