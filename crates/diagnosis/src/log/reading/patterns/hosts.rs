//! Hosts that have no name, refuse, do not answer or are not trusted.

use crate::log::reading::Trouble;

/// Read as `super::PATTERNS` says.
pub(in super::super) const PATTERNS: &[(Trouble, &str)] = &[
    // With the line below, which names the host.
    (
        Trouble::Refused,
        r#"connection refused.{0,10}is the server running on host "(?P<host>[^"]+)".*port (?P<port>[0-9]+)"#,
    ),
    (
        Trouble::Unanswered,
        r#"(?:timed out|timeout expired|deadline exceeded|no route to host|network is unreachable|host is unreachable).{0,10}is the server running on host "(?P<host>[^"]+)".*port (?P<port>[0-9]+)"#,
    ),
    (
        Trouble::Unanswered,
        r#"connection to server at "(?P<host>[^"]+)".* port (?P<port>[0-9]+) failed: .*(?:timed out|timeout expired|deadline exceeded|no route to host|network is unreachable|host is unreachable)"#,
    ),
    (
        Trouble::Unresolved,
        r"failed to resolve '([a-zA-Z0-9_.-]+:[0-9]+)'|resolve server ([a-zA-Z0-9_.-]+:[0-9]+) from bootstrap|name resolution failed for target (?:dns:/*)?([a-zA-Z0-9_.-]+(?::[0-9]+)?)|could not resolve address '([^']+)'|host ['\x22]{1,2}([a-zA-Z0-9_.:-]+)['\x22]{1,2} could not be resolved|\(([a-zA-Z0-9_.-]+:[0-9]+)\): non-existing domain|host ([a-zA-Z0-9_.-]+): nxdomain",
    ),
    (Trouble::Unresolved, r#"getaddrinfo for host "(?P<host>[^"]+)" port (?P<port>[0-9]+)"#),
    (
        Trouble::Unresolved,
        r"(?:TCP connection to|connect to host) ([a-zA-Z0-9_-][a-zA-Z0-9_.-]*:[0-9]{2,5}) .*(?:getaddrinfo|(?:name or service not known|name does not resolve|name resolution|failed to resolve|nodename nor servname|no address associated))|\b([a-zA-Z0-9_-][a-zA-Z0-9_.-]*:[0-9]{2,5}): \[errno -[0-9]+\]|(?:name or service not known|name does not resolve|name resolution|failed to resolve|nodename nor servname|no address associated) \(([a-zA-Z0-9_-][a-zA-Z0-9_.-]*:[0-9]{2,5})\)",
    ),
    (Trouble::Unresolved, r"unknown server host '([^']+)'|server on '([^']+)' \(\[errno -[0-9]+\]"),
    // Names that do not resolve.
    (
        Trouble::Unresolved,
        r"lookup (?P<host>[a-zA-Z0-9_.-]+)(?: on \S+)?:.*(?:no such host|server misbehaving|i/o timeout|try again)",
    ),
    (Trouble::Unresolved, r#"could not translate host name "(?P<host>[^"]+)""#),
    (Trouble::Unresolved, r"(?:ENOTFOUND|EAI_AGAIN) (?P<host>[a-zA-Z0-9_.-]+)"),
    (Trouble::Unresolved, r"UnknownHostException: (?P<host>[a-zA-Z0-9_.-]+)"),
    (
        Trouble::Unresolved,
        r"(?:could not|couldn't) resolve (?:host|proxy)(?: name)?:? '?(?P<host>[a-zA-Z0-9_.-]+)",
    ),
    (Trouble::Unresolved, r"(?:can't resolve|server can't find) '?(?P<host>[a-zA-Z0-9_.-]+)"),
    (Trouble::Unresolved, r"bad address '(?P<host>[^']+)'"),
    (Trouble::Unresolved, r#"host not found in upstream "(?P<host>[^":]+)"#),
    (Trouble::Unresolved, r"unknown (?:mysql server )?host '(?P<host>[^']+)'"),
    (
        Trouble::Unresolved,
        r"host='(?P<host>[^']+)', port=(?P<port>[0-9]+)\).*(?:name or service not known|failed to resolve|name resolution)",
    ),
    (
        Trouble::Unresolved,
        r"(?:error -?[0-9]+ connecting to|connect to) (?P<host>[a-zA-Z0-9_.-]+):(?P<port>[0-9]+).*(?:name or service not known|name resolution|name does not resolve)",
    ),
    (
        Trouble::Unresolved,
        r"no address associated with hostname|produced zero addresses|nodename nor servname|no resolvable bootstrap",
    ),
    (
        Trouble::Unresolved,
        r"://(?:[^\s@/'\x22]*@)?([a-zA-Z0-9_-][a-zA-Z0-9_.-]*(?::[0-9]+)?)[/'\x22\s:].*(?:name or service not known|name does not resolve|name resolution|failed to resolve|nodename nor servname|no address associated)",
    ),
    (
        Trouble::Unresolved,
        r"getaddrinfo (?:for )?([a-zA-Z0-9_.-]+) failed: |failed to resolve '([a-zA-Z0-9_.-]+)'",
    ),
    (
        Trouble::Unresolved,
        r"(?P<host>[a-zA-Z0-9_-]+(?:\.[a-zA-Z0-9_-]+)*): (?:name or service not known|name does not resolve|temporary failure in name resolution)",
    ),
    (
        Trouble::Unresolved,
        r"no such host|name or service not known|name does not resolve|temporary failure in name resolution|getaddrinfo failed|could not resolve host",
    ),
    // Connections that are refused.
    (
        Trouble::Refused,
        r"\b([a-zA-Z0-9_-][a-zA-Z0-9_.-]*:[0-9]{2,5})/bootstrap: connect to \S+ failed: connection refused|cannot connect to host ([a-zA-Z0-9_-][a-zA-Z0-9_.-]*:[0-9]{2,5}) .*(?:connect call failed|connection refused)|connection refused \(([a-zA-Z0-9_-][a-zA-Z0-9_.-]*:[0-9]{2,5})\)|server on '([^']+)' \(\[errno 111",
    ),
    (
        Trouble::Refused,
        r"connection refused: (?P<host>[a-zA-Z0-9_-][a-zA-Z0-9_.-]*)/[0-9.]+:(?P<port>[0-9]+)",
    ),
    (
        Trouble::Unanswered,
        r"failed to connect to (?P<host>[a-zA-Z0-9_.-]+) port (?P<port>[0-9]+)[^:]*: (?:timeout|(?:connection |operation )timed out)",
    ),
    // The name that was asked for stands before the address that it had then.
    (
        Trouble::Refused,
        r#"://(?:[^\s@/'"]*@)?(?P<host>[a-zA-Z][a-zA-Z0-9.-]*)(?::[0-9]+)?(?:[/?][^\s"]*)?"?: dial tcp[0-9]? \S+:(?P<port>[0-9]+): connect: connection refused"#,
    ),
    (Trouble::Refused, r"dial (?:tcp|udp)[0-9]? (?P<what>\S+): connect: connection refused"),
    (Trouble::Refused, r"ECONNREFUSED (?P<what>[a-zA-Z0-9_.:\[\]-]+:[0-9]+)"),
    (
        Trouble::Refused,
        r#"connection to server at "(?P<host>[^"]+)".* port (?P<port>[0-9]+) failed: connection refused"#,
    ),
    (Trouble::Refused, r"connect call failed \('(?P<host>[^']+)', (?P<port>[0-9]+)"),
    (Trouble::Refused, r"connection to (?P<what>[a-zA-Z0-9_.-]+:[0-9]+) refused"),
    (Trouble::Refused, r"error (?:111|61|99) connecting to (?P<what>[a-zA-Z0-9_.-]+:[0-9]+)"),
    (Trouble::Refused, r"connect to \S+ at (?P<what>[a-zA-Z0-9_.-]+:[0-9]+): connection refused"),
    (Trouble::Refused, r"can't connect to (?:mysql )?server on '(?P<what>[^']+)' \(111"),
    (
        Trouble::Refused,
        r"host='(?P<host>[^']+)', port=(?P<port>[0-9]+)\).*(?:connection refused|errno 111)",
    ),
    (Trouble::Refused, r"can't connect to remote host \((?P<what>[^)]+)\): connection refused"),
    (Trouble::Refused, r"failed to connect to (?P<host>[a-zA-Z0-9_.-]+) port (?P<port>[0-9]+)"),
    (
        Trouble::Refused,
        r"connect to (?:host )?(?P<host>[a-zA-Z0-9_.-]+) port (?P<port>[0-9]+).*refused",
    ),
    (
        Trouble::Refused,
        r"\((?P<host>[a-zA-Z0-9_.-]+)/[0-9.]+:(?P<port>[0-9]+)\) could not be established",
    ),
    (
        Trouble::Refused,
        r"(?P<host>[a-zA-Z0-9_.-]+) \([0-9.]+:(?P<port>[0-9]+)\): connection refused",
    ),
    // What stands right behind the words, what stands last before them, what stands anywhere.
    (
        Trouble::Refused,
        r"(?:connection refused|ECONNREFUSED)(?: to| by| at| from|:)? \(?(?P<what>[a-zA-Z0-9_-][a-zA-Z0-9_.-]*:[0-9]{2,5})\b",
    ),
    (
        Trouble::Refused,
        r"^(?:.*[^a-zA-Z0-9_.-])?(?P<what>[a-zA-Z0-9_-][a-zA-Z0-9_.-]*:[0-9]{2,5})\b.*?(?:connection refused|ECONNREFUSED)",
    ),
    (
        Trouble::Refused,
        r"(?:connection refused|ECONNREFUSED).*[^a-zA-Z0-9_.-](?P<what>[a-zA-Z0-9_-][a-zA-Z0-9_.-]*:[0-9]{2,5})\b",
    ),
    (
        Trouble::Refused,
        r"://(?:[^\s@/'\x22]*@)?(?P<host>[a-zA-Z0-9_-][a-zA-Z0-9_.-]*)[/)'\x22\s].*(?:connection refused|ECONNREFUSED)",
    ),
    (Trouble::Refused, r"(?P<host>[a-zA-Z0-9_.-]+) \([^)]*\): connection refused"),
    (Trouble::Refused, r"connection refused|ECONNREFUSED"),
    (
        Trouble::Unanswered,
        r"\b([a-zA-Z0-9_-][a-zA-Z0-9_.-]*:[0-9]{2,5}) - no response|server on '([^']+)' \((?:\[errno )?11[035]|UnableToConnect on ([a-zA-Z0-9_-][a-zA-Z0-9_.-]*:[0-9]{2,5})|failed to connect to ([a-zA-Z0-9_-][a-zA-Z0-9_.-]*:[0-9]{2,5})|(?:can't|cannot|could not|unable to|failed to) reach [a-z ]{0,30}[`'\x22(]?([a-zA-Z0-9_-][a-zA-Z0-9_.-]*:[0-9]{2,5})",
    ),
    (
        Trouble::Unanswered,
        r"host='(?P<host>[^']+)', port=(?P<port>[0-9]+)\).*(?:timed out|timeout expired|deadline exceeded|no route to host|network is unreachable|host is unreachable)",
    ),
    (
        Trouble::Unanswered,
        r"connect to (?P<host>[a-zA-Z0-9_.-]+) port (?P<port>[0-9]+).*(?:timed out|timeout expired|deadline exceeded|no route to host|network is unreachable|host is unreachable)",
    ),
    (
        Trouble::Unanswered,
        r"://(?:[^\s@/'\x22]*@)?([a-zA-Z0-9_-][a-zA-Z0-9_.-]*(?::[0-9]+)?)[/'\x22\s:].*(?:timed out|timeout expired|deadline exceeded|no route to host|network is unreachable|host is unreachable)",
    ),
    (
        Trouble::Unanswered,
        r"\btime(?:out|d out)\b.*\b(?:waiting|for)\b.*?\b([a-zA-Z][a-zA-Z0-9_.-]*:[0-9]{2,5})\b|\b([a-zA-Z][a-zA-Z0-9_.-]*:[0-9]{2,5}): (?:(?:context )?deadline exceeded|(?:i/o )?timeout\b|(?:connection |operation )?timed out)",
    ),
    (
        Trouble::Unanswered,
        r"dial tcp (?P<what>\S+): (?:i/o timeout|connect: (?:connection timed out|no route to host))",
    ),
    (
        Trouble::Unanswered,
        r"(?:ETIMEDOUT|EHOSTUNREACH|ENETUNREACH) (?P<what>[a-zA-Z0-9_.:\[\]-]+:[0-9]+)",
    ),
    (Trouble::Unanswered, r"connection to (?P<what>[a-zA-Z0-9_.-]+:[0-9]+) timed out"),
    (
        Trouble::Unanswered,
        r"(?:connection|connect|connecting).{0,60}timed out|ConnectTimeout|no route to host|network is unreachable",
    ),
    (
        Trouble::Unanswered,
        r"\bETIMEDOUT\b|\bEHOSTUNREACH\b|timeout of [0-9]+ ?ms exceeded|download timed out|deadline exceeded|NoBrokersAvailable|pool timed out|timed out (?:while )?waiting for (?:an? )?(?:open |new |free )?connection|TimeoutException: (?:topic|timed out waiting for a node|failed to update metadata)",
    ),
    // A proxy that has nobody to send to, as whoever asks it tells it.
    (
        Trouble::Unanswered,
        r"\b50[234]\b[: ]*(?:server error[: ]*)?(?:bad gateway|service unavailable|service temporarily unavailable|gateway time-?out)\b.{0,40}https?://(?P<host>[a-zA-Z0-9_-][a-zA-Z0-9_.-]*)(?::(?P<port>[0-9]{2,5}))?",
    ),
    (
        Trouble::Unanswered,
        r"https?://(?P<host>[a-zA-Z0-9_-][a-zA-Z0-9_.-]*)(?::(?P<port>[0-9]{2,5}))?\S*[^\n]{0,60}\b50[234]\b[: ]*(?:bad gateway|service unavailable|service temporarily unavailable|gateway time-?out)",
    ),
    (
        Trouble::Certificate,
        r"x509: (?P<what>[^\n]{1,120})|certificate ((?:has|is) expired|is not yet valid)",
    ),
    (
        Trouble::Certificate,
        r"(certificate (?:(?:for|of) [^\s,;]{1,80}|[^\s,;]{0,80}[./=][^\s,;]{0,80}) (?:(?:has|is|was) )?expired(?: (?:on |at |since )?[0-9]{4}-[0-9]{2}-[0-9]{2}[0-9TZ:.+-]*)?)",
    ),
    (
        Trouble::Certificate,
        r"certificate verify failed(?:: (?P<what>[^(]{1,80}))?|SSLHandshakeException|self.signed certificate|unable to get local issuer certificate|unable to verify the first certificate|PKIX path building failed",
    ),
];
