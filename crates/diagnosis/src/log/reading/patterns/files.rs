//! Files, ports, programs and parts of them that are not there, taken or not permitted.

use crate::log::reading::Trouble;

/// Read as `super::PATTERNS` says.
pub(in super::super) const PATTERNS: &[(Trouble, &str)] = &[
    (
        Trouble::InUse,
        r"bind on address \('[^']*', (?P<port>[0-9]+)\)|already running on port (?P<at>[0-9]+)",
    ),
    (Trouble::InUse, r"could not create any TCP/IP sockets"),
    (
        Trouble::Denied,
        r"bind socket \(permission denied\)(?: for)? \[[^\]]*:(?P<port>[0-9]{1,5})\]",
    ),
    (Trouble::InUse, r"(?:[0-9]\.[0-9]+|\*|::\]?):(?P<port>[0-9]{1,5})\b.*address already in use"),
    (Trouble::InUse, r"(?:already in use|EADDRINUSE).*\bport (?P<port>[0-9]{1,5})\b"),
    (
        Trouble::InUse,
        r"\bport:? (?P<port>[0-9]{1,5})\b.{0,50}(?:address (?:already )?in use|EADDRINUSE)",
    ),
    (Trouble::NotEmpty, r#"director(?:y|ies) "?(/[^"\s]+)"? exists but is not empty"#),
    (Trouble::NotEmpty, r"data directory has files in it"),
    (
        Trouble::Denied,
        r"'(/[^']+)' \([^)]*permission denied|(/\S+): e(?:acces|perm)\b|'?(/[^'\s]+)'? is not writable|\x22(/[^\x22]+)\x22 could not be opened\b.*permission denied",
    ),
    (
        Trouble::File,
        r"data directory (/\S+) not found|configuration file/directory (/\S+)|expected physical path was '([^']+)'|unable to read file:? ['\x22]?([^\s'\x22]+)|config file \x22([^\x22]+)\x22 not found|(?:file|path|location|directory):? ['\x22`]?(/[^\s'\x22`]+)['\x22`]? (?:was not found|not found|does not exist|is missing)|file not found: ['\x22]?([^\s'\x22]+)",
    ),
    (
        Trouble::File,
        r"could not open input file: (\S+)|(?:cannot|can't) open '?(/[^\s']+)'?: no such file$|no such file or directory -- (\S+)|of '(/[^']+)' \([^)]*no such file|'(/[^']+)' : no such file|opening required '([^']+)'",
    ),
    // Addresses of its own.
    (
        Trouble::InUse,
        r"(?:listen|bind|listening socket)\b[^.\w].*?:(?P<port>[0-9]{1,5})\b.*(?:address (?:already )?in use|EADDRINUSE)",
    ),
    (Trouble::InUse, r"(?:address already in use|EADDRINUSE).*?:(?P<port>[0-9]{1,5})\b"),
    (Trouble::InUse, r"port (?P<port>[0-9]{1,5}) (?:was|is) already in use"),
    (Trouble::InUse, r"connection in use: \('[^']*', (?P<port>[0-9]{1,5})\)"),
    (Trouble::InUse, r"address (?:already )?in use|EADDRINUSE"),
    (
        Trouble::Denied,
        r"(?:listen|bind)\b[^.\w].*?:(?P<port>[0-9]{1,5})\b.*(?:permission denied|\bEACCES\b)",
    ),
    (
        Trouble::Denied,
        r"(?:listen|bind)\b.*(?:permission denied|\bEACCES\b).*\bport (?P<port>[0-9]{1,5})\b",
    ),
    (
        Trouble::Denied,
        r"(?:listen|bind)(?:ing)?\b.*\bport (?P<port>[0-9]{1,5})\b.*(?:permission denied|\bEACCES\b)",
    ),
    (Trouble::Denied, r"EACCES: permission denied[^:]*?:(?P<port>[0-9]{1,5})$"),
    // Files.
    (Trouble::ReadOnly, r#"(?P<what>/[^\s:'",]+)['"]?(?: failed \(30)?: read-only file ?system"#),
    (
        Trouble::ReadOnly,
        r#"(?P<what>/[^\s:'",()]+)['"]? \((?:err(?:code|no):? ?30,? ?["']?)?read-only file ?system"#,
    ),
    (Trouble::ReadOnly, r#"(?P<what>/[^\s:'",]+)['"]? is (?:mounted )?read-?only\b"#),
    (Trouble::ReadOnly, r"read-only file ?system[^/]*(?P<what>/[^\s'\x22]+)"),
    (
        Trouble::ReadOnly,
        r"read-only file ?system|\bEROFS\b|attempt to write a read-?only database|the database is read only|\bSQLITE_READONLY|ReadOnlyFileSystemException",
    ),
    // Of /dev/shm, which is no disk.
    (
        Trouble::DiskFull,
        r"could not resize (?P<what>shared memory) segment.*no space left on device|(?:insufficient|not enough|out of) (?P<table>shared memory)\b|less than 64MB of free space in temporary directory for (shared memory)",
    ),
    (
        Trouble::DiskFull,
        r#"(?P<what>/[^\s:'",()]+)['")]{0,2}(?: failed)?:? [(]?(?:(?:28: )?no space left on device|enospc\b)"#,
    ),
    (Trouble::DiskFull, r#"no space left on device[^\n/]{0,20}['"(](?P<what>/[^\s'"()]+)"#),
    (Trouble::DiskFull, r"(?P<what>/dev/shm)\b.*no space left on device"),
    (Trouble::DiskFull, r"no space left on device|\bENOSPC\b|disk quota exceeded|disk is full"),
    (Trouble::Denied, r#"data directory "(?P<what>[^"]+)" has wrong ownership"#),
    (Trouble::Denied, r"AccessDeniedException: (?P<what>/\S+)"),
    (
        Trouble::Denied,
        r#"\("(?P<what>/[^"]+)"[^)]{0,40}\) failed \((?:1|13): (?:operation not permitted|permission denied)"#,
    ),
    (Trouble::Denied, r"(?P<what>/[^\s:'\x22]+) \(permission denied\)"),
    (
        Trouble::Denied,
        r#"(?P<what>/[^\s:'",]+)['"]?(?: failed \(13)?: (?:permission denied|operation not permitted)"#,
    ),
    // PHP says where in its source it was, after what it could not open.
    (
        Trouble::Denied,
        r#"['"(](?P<what>/[^'")\s]+)['")][^/]{0,100}(?:permission denied|operation not permitted)\b"#,
    ),
    (
        Trouble::Denied,
        r"(?:permission denied|operation not permitted)[^/]{0,20}(?P<what>/[^\s'\x22]+)",
    ),
    (
        Trouble::Denied,
        r"permission denied|\bEACCES\b|\bEPERM\b|operation not permitted|file access denied",
    ),
    (Trouble::Module, r"no module named '?(?P<what>[a-zA-Z0-9_.]+)"),
    (Trouble::Module, r"cannot find module '(?P<what>[^']+)'"),
    (
        Trouble::Module,
        r"(?:ClassNotFoundException|NoClassDefFoundError):? (?P<what>[a-zA-Z0-9_./$]+)",
    ),
    (Trouble::Module, r"could not find or load main class (?P<what>\S+)"),
    (Trouble::Module, r"error (?:while )?loading shared librar(?:ies|y):? (?P<what>[^\s:]+)"),
    (Trouble::Module, r"(?P<what>[\w.+-]+\.so(?:\.[0-9]+)*): cannot open shared object file"),
    (Trouble::Command, r#"exec: "?(?P<what>[a-zA-Z0-9_./-]+)"?: (?:executable file )?not found"#),
    (
        Trouble::Command,
        r"(?:^|\s)\S*sh: (?:line )?(?:[0-9]+: )?(?P<what>[a-zA-Z0-9_./-]+): (?:command )?not found",
    ),
    (Trouble::Command, r"env: .?(?P<what>[a-zA-Z0-9_./-]+).?: no such file or directory"),
    (Trouble::File, r"unable to access jarfile (?P<what>\S+)"),
    (Trouble::File, r"can't open (?:config )?file '(?P<what>[^']+)'"),
    (Trouble::File, r"cannot load certificate(?: key)? \x22(?P<what>[^\x22]+)\x22"),
    (
        Trouble::File,
        r"FileNotFoundException: (?:class path resource \[)?([^\s(\[\]]*[/.][^\s(\]]*[^\s(.\]])|FileNotFoundException: (\S+) \(|NoSuchFileException: (\S+)|could not find (?:file|a part of the path) '([^']+)'",
    ),
    (Trouble::File, r"no such file or directory[^/]{0,20}'(?P<what>[^']+)'"),
    (
        Trouble::File,
        r"(?:open|file) (?:file )?['\x22`]?(?P<what>[^\s:'\x22`]+)['\x22`]?: no such file or directory",
    ),
    (
        Trouble::File,
        r#"(?P<what>/[^\s:'"`]+)['"`]?(?: failed(?: \(2)?)?: no such file or directory"#,
    ),
    (Trouble::File, r"(?:^|: )'?(?P<what>[a-zA-Z0-9_./-]+)'?: no such file or directory"),
    (Trouble::File, r"no such file or directory|\bENOENT\b"),
    (Trouble::File, r"certificate bundle, invalid path:? (/[^\s'\x22]+)"),
    // Whether it is not there or not permitted is not said.
    (Trouble::Unopened, r"error opening zip file or jar manifest missing ?:? ?(/\S+)"),
    (
        Trouble::Unopened,
        r#"no usable temporary (?:directory|file ?name)[^\[]{0,30}\[['"](/[^'"]+)"#,
    ),
    (
        Trouble::Unopened,
        r#"(?:bad|(?:cannot|can't|could not|unable to|failed to) (?:open|read)(?: \w+){0,2}) (?:file|database)(?: at)?:? ['"]?(/[^'"\s]+)"#,
    ),
];
