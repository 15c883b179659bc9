//! What a container's command waits for: the addresses that it asks again and again.
//!
//! Only tools whose whole use is to ask whether somebody answers, in a loop, and tools that wait by themselves: any
//! other program may have much to do with the address that it is given.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::patterns::pattern;
use k8s_openapi::api::core::v1::Container;
use regex::Regex;

/// Addresses that are kept.
const MAX_ADDRESSES: usize = 10;
/// Bytes of a command that are read.
const MAX_BYTES: usize = 16 << 10;
/// How scripts find out in which namespace they are.
const NAMESPACE: &str = "$(cat /var/run/secrets/kubernetes.io/serviceaccount/namespace)";
/// Tools that only ask whether somebody is there.
const PROBES: [&str; 14] = [
    "nc",
    "ncat",
    "netcat",
    "telnet",
    "nslookup",
    "dig",
    "host",
    "getent",
    "ping",
    "pg_isready",
    "mysqladmin",
    "grpc_health_probe",
    "nmap",
    "tcping",
];
/// Tools that also do work: they wait only where they are asked until they succeed.
const CLIENTS: [&str; 9] =
    ["wget", "curl", "psql", "mysql", "mariadb", "redis-cli", "mongosh", "mongo", "http"];
/// Tools that wait by themselves.
const WAITERS: [&str; 7] =
    ["wait-for-it", "wait-for-it.sh", "wait-for", "wait-for.sh", "dockerize", "wait4x", "wait-on"];
/// Words of a shell that stand before a program.
const BEFORE: [&str; 14] = [
    "until", "while", "if", "elif", "do", "then", "else", "!", "not", "exec", "sudo", "time",
    "command", "[",
];
/// What a script does while it waits, and when it is done.
const IDLE: [&str; 16] = [
    "echo", "printf", "sleep", "done", "fi", "exit", "true", "false", ":", "break", "continue",
    "date", "for", "set", "return", "grep",
];
/// Options that have a value in the next word, of any of these tools.
const VALUED: [&str; 21] = [
    "-w",
    "-i",
    "-q",
    "-W",
    "-c",
    "-o",
    "-O",
    "-T",
    "-t",
    "-m",
    "-U",
    "-d",
    "-u",
    "-n",
    "-X",
    "-H",
    "--timeout",
    "--tries",
    "--max-time",
    "--connect-timeout",
    "--retry",
];

static ADDRESS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    pattern(
        r"^(?:[a-z0-9+]+://)?(?:[^@/]*@)?(?P<host>[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?)\.?(?::(?P<port>[0-9]{1,5}))?(?:[/?].*)?$",
    )
});
static DEVICE: LazyLock<Option<Regex>> =
    LazyLock::new(|| pattern(r"/dev/(?:tcp|udp)/(?P<host>[A-Za-z0-9._-]+)/(?P<port>[0-9]{1,5})"));
static VARIABLE: LazyLock<Option<Regex>> =
    LazyLock::new(|| pattern(r"\$(?:\{|\()?(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?:\}|\))?"));

/// What a command waits for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Waits {
    /// The addresses, in the order of the command.
    pub(super) addresses: Vec<String>,
    /// Whether the command has other work to do after that.
    pub(super) works_after: bool,
}

/// What the command of this container waits for.
pub(super) fn facts(container: &Container, namespace: &str) -> Waits {
    let words = container.command.iter().chain(&container.args).flatten();
    let words: Vec<_> = words.map(|it| filled(it, container, namespace)).collect();
    let text = words.join("\n");
    if MAX_BYTES < text.len() {
        return Waits::default();
    }
    let has =
        |word: &str| text.split(|it: char| it.is_whitespace() || it == ';').any(|it| it == word);
    let loops = has("until") || has("while") || has("for");
    let insists = has("until") || text.contains("while !") || (loops && has("break"));
    let mut found = vec![];
    let mut works_after = false;
    for words in commands(&text) {
        let Some((program, arguments)) = program(&words) else {
            works_after |= !found.is_empty() && is_work(&words);
            continue;
        };
        let waits = WAITERS.contains(&program)
            || (loops && PROBES.contains(&program))
            || (insists
                && CLIENTS.contains(&program)
                && (found.is_empty() || is_condition(&words)));
        if waits {
            found.extend(addresses(program, arguments));
            works_after |= WAITERS.contains(&program) && is_work(after_dashes(arguments));
        } else {
            works_after |= !found.is_empty();
        }
    }
    if loops {
        found.extend(
            DEVICE
                .iter()
                .flat_map(|it| it.captures_iter(&text))
                .map(|it| format!("{}:{}", &it["host"], &it["port"])),
        );
    }
    let mut addresses: Vec<String> = vec![];
    for address in found {
        if !addresses.contains(&address) && addresses.len() < MAX_ADDRESSES {
            addresses.push(address);
        }
    }
    Waits { addresses, works_after }
}

/// Whether a command is what a loop waits for, and not what is done in it or after it.
fn is_condition(words: &[&str]) -> bool {
    words.iter().any(|it| matches!(*it, "until" | "while"))
}

/// What a tool that waits starts in the end.
fn after_dashes<'w, 't>(arguments: &'w [&'t str]) -> &'w [&'t str] {
    let at = arguments.iter().position(|it| *it == "--");
    at.and_then(|it| arguments.get(it.checked_add(1)?..)).unwrap_or_default()
}

/// Whether a simple command does more than a loop that waits does.
fn is_work(words: &[&str]) -> bool {
    let first = words.iter().find(|it| !BEFORE.contains(it) && !it.contains('='));
    // Of `2>&1` a number is left.
    let is_number = |it: &str| it.parse::<u32>().is_ok();
    first.is_some_and(|it| {
        !is_number(it) && !IDLE.contains(it) && !it.starts_with(['>', '<', '$', '-', '#'])
    })
}

/// A text with the plain values of its container's variables in their places.
fn filled(text: &str, container: &Container, namespace: &str) -> String {
    let text = text.replace(NAMESPACE, namespace);
    let env = container.env.iter().flatten();
    let values: BTreeMap<_, _> =
        env.filter_map(|it| Some((it.name.as_str(), it.value.as_deref()?))).collect();
    let Some(pattern) = VARIABLE.as_ref() else { return text };
    let value = |found: &regex::Captures<'_>| {
        let whole = found.get(0).map_or("", |it| it.as_str());
        let Some(name) = found.name("name").map(|it| it.as_str()) else { return whole.to_owned() };
        let value = values.get(name).map(|it| (*it).to_owned());
        value.or_else(|| service_of(name)).unwrap_or_else(|| whole.to_owned())
    };
    pattern.replace_all(&text, value).into_owned()
}

/// The Service whose address the kubelet puts into this variable: `fx-book` for `FX_BOOK_SERVICE_HOST`
/// (<https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables>).
fn service_of(variable: &str) -> Option<String> {
    let name = variable.strip_suffix("_SERVICE_HOST")?;
    let is_own = name == "KUBERNETES" || name.is_empty();
    (!is_own).then(|| name.to_lowercase().replace('_', "-"))
}

/// The words of each simple command of a script.
fn commands(text: &str) -> Vec<Vec<&str>> {
    let ends = |it: char| ";|&(){}`\n".contains(it);
    // A command that is no script has one word a line.
    let is_script = text.contains(' ');
    let parts: Vec<_> = if is_script { text.split(ends).collect() } else { vec![text] };
    let plain = |it: &'_ str| -> bool { !it.is_empty() };
    parts
        .into_iter()
        .map(|part| {
            let words = part.split_whitespace().map(|it| it.trim_matches(['"', '\'']));
            words.filter(|it| plain(it)).collect()
        })
        .collect()
}

/// The program of a simple command, without its folder, and its arguments.
fn program<'w, 't>(words: &'w [&'t str]) -> Option<(&'t str, &'w [&'t str])> {
    let at = words.iter().position(|it| {
        let name = it.rsplit('/').next().unwrap_or(it);
        [&PROBES[..], &CLIENTS, &WAITERS].iter().any(|all| all.contains(&name))
    })?;
    let (before, rest) = words.split_at_checked(at)?;
    let is_before = |it: &&str| {
        BEFORE.contains(it) || it.contains('=') || it.starts_with('-') || it.parse::<u32>().is_ok()
    };
    let is_timeout = |it: &&str| matches!(*it, "timeout" | "sh" | "bash") || it.ends_with("/sh");
    let (first, arguments) = rest.split_first()?;
    let starts = before.iter().all(|it| is_before(it) || is_timeout(it));
    starts.then(|| (first.rsplit('/').next().unwrap_or(first), arguments))
}

/// The addresses among the arguments of one of the tools.
fn addresses(program: &str, arguments: &[&str]) -> Vec<String> {
    let by_option = ["pg_isready", "psql", "mysqladmin", "mysql", "mariadb", "redis-cli"];
    if by_option.contains(&program) {
        return by_options(program, arguments).into_iter().collect();
    }
    let plain = positional(arguments);
    match program {
        "nc" | "ncat" | "netcat" | "telnet" | "tcping" => pair(&plain).into_iter().collect(),
        "getent" => plain.get(1).and_then(|it| address(it)).into_iter().collect(),
        "nslookup" | "dig" | "host" | "ping" | "nmap" => {
            let names = plain.iter().filter(|it| !it.starts_with(['@', '+']));
            let is_type = |it: &&&str| matches!(**it, "A" | "AAAA" | "SRV" | "any" | "ANY");
            names.filter(|it| !is_type(it)).find_map(|it| address(it)).into_iter().collect()
        }
        _ => urls(arguments, &plain),
    }
}

/// `mq 5672`, `mq:5672`
fn pair(plain: &[&str]) -> Option<String> {
    let host = plain.first()?;
    let port = plain.get(1).filter(|it| it.parse::<u16>().is_ok());
    address(&port.map_or_else(|| (*host).to_owned(), |port| format!("{host}:{port}")))
}

/// `-h db -p 5432`
fn by_options(program: &str, arguments: &[&str]) -> Option<String> {
    let value = |short: &str, long: &str| {
        arguments.iter().enumerate().find_map(|(at, it)| {
            if *it == short || *it == long {
                return arguments.get(at.checked_add(1)?).copied();
            }
            let long = it.strip_prefix(long).and_then(|it| it.strip_prefix('='));
            long.or_else(|| {
                it.strip_prefix(short).filter(|it| !it.is_empty() && !it.starts_with('-'))
            })
        })
    };
    if let Some(url) = arguments.iter().find(|it| it.contains("://")) {
        return address(url);
    }
    let host = value("-h", "--host")?;
    // `-p` of MySQL is a password.
    let is_mysql = matches!(program, "mysqladmin" | "mysql" | "mariadb");
    let port = value(if is_mysql { "-P" } else { "-p" }, "--port");
    let port = port.filter(|it| it.parse::<u16>().is_ok());
    address(&port.map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")))
}

/// What a tool is told to ask by URL, or by host and port.
fn urls(arguments: &[&str], plain: &[&str]) -> Vec<String> {
    let value = |it: &'_ str| it.rsplit_once('=').map_or(it.to_owned(), |it| it.1.to_owned());
    let found: Vec<_> = arguments
        .iter()
        .filter(|it| it.contains("://") || it.starts_with("-addr="))
        .filter_map(|it| address(it).or_else(|| address(&value(it))))
        .collect();
    if !found.is_empty() {
        return found;
    }
    let with_port: Vec<_> =
        plain.iter().filter_map(|it| address(it)).filter(|it| it.contains(':')).collect();
    if !with_port.is_empty() {
        return with_port;
    }
    plain.last().and_then(|it| address(it)).into_iter().collect()
}

/// The arguments that are neither options nor their values.
fn positional<'t>(arguments: &[&'t str]) -> Vec<&'t str> {
    let mut found = vec![];
    let mut is_value = false;
    for word in arguments {
        let is_end = word.contains('>') || word.contains('<') || *word == "--" || *word == "]";
        if is_end {
            break;
        }
        if is_value {
            is_value = false;
        } else if word.starts_with('-') {
            is_value = VALUED.contains(word);
        } else {
            found.push(*word);
        }
    }
    found
}

/// Host and port of an address; `None` for what is none, or is the pod itself.
fn address(text: &str) -> Option<String> {
    let found = ADDRESS.as_ref()?.captures(text)?;
    let host = found.name("host")?.as_str();
    let is_own = matches!(host, "localhost" | "127.0.0.1" | "0.0.0.0");
    let is_name = host.chars().any(|it| it.is_ascii_alphabetic()) || host.matches('.').count() == 3;
    if is_own || !is_name {
        return None;
    }
    let port = found.name("port").map(|it| format!(":{}", it.as_str()));
    Some(format!("{host}{}", port.unwrap_or_default()))
}

#[cfg(test)]
mod tests;
