//! What goes wrong in programs, and how it is told.

/// How a line says in plain words that a variable is missing.
const PLAINLY_UNSET: [&str; 10] = [
    "not set",
    "be set",
    "unset",
    "required",
    "missing",
    "parameter",
    "unbound",
    "keyerror",
    "not found",
    "placeholder",
];

/// What went wrong, as a program says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    Platform,
    Mode,
    HostKey,
    Rejected,
    Barred,
    Role,
    Database,
    Schema,
    Ungranted,
    Crowded,
    Anonymous,
    Forbidden,
    Unresolved,
    Refused,
    Unanswered,
    Certificate,
    InUse,
    Denied,
    ReadOnly,
    DiskFull,
    NotEmpty,
    Module,
    Part,
    Command,
    Script,
    File,
    Unopened,
    Unset,
    Malformed,
    Flag,
    Argument,
    Config,
    Syntax,
    Memory,
}

/// Troubles of which two lines may tell of one thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kin {
    Host,
    Variable,
    Config,
    None,
}

impl Trouble {
    /// Whether it is about what it is started with.
    pub(crate) fn is_of_start(self) -> bool {
        matches!(self, Self::Flag | Self::Argument | Self::Command | Self::Script)
    }

    /// Whether what is told after it follows from it: a key that is not read, or a server that is not trusted.
    pub(super) fn leads(self) -> bool {
        matches!(self, Self::Mode | Self::HostKey)
    }

    /// Whether it may follow from one that leads.
    pub(super) fn may_follow(self) -> bool {
        matches!(self, Self::Rejected | Self::Denied | Self::Anonymous | Self::Certificate)
    }

    /// Whether its words in the log say more than ours: `text` is what the log says.
    pub(super) fn is_told_better_by(self, text: &str) -> bool {
        let lacks = |marks: &[&str]| {
            let text = text.to_lowercase();
            !marks.iter().any(|it| text.contains(it))
        };
        match self {
            Self::Mode
            | Self::HostKey
            | Self::Part
            | Self::Script
            | Self::Unopened
            | Self::NotEmpty
            | Self::Crowded
            | Self::Anonymous
            | Self::Ungranted
            | Self::Malformed => true,
            Self::Unset => lacks(&PLAINLY_UNSET),
            Self::Flag => lacks(&["flag", "option", "argument"]),
            Self::Platform
            | Self::Rejected
            | Self::Barred
            | Self::Role
            | Self::Database
            | Self::Schema
            | Self::Forbidden
            | Self::Unresolved
            | Self::Refused
            | Self::Unanswered
            | Self::Certificate
            | Self::InUse
            | Self::Denied
            | Self::ReadOnly
            | Self::DiskFull
            | Self::Module
            | Self::Command
            | Self::File
            | Self::Argument
            | Self::Config
            | Self::Syntax
            | Self::Memory => false,
        }
    }

    /// What else may tell of the same.
    pub(super) fn kin(self) -> Kin {
        match self {
            Self::Unresolved | Self::Refused | Self::Unanswered => Kin::Host,
            Self::Unset | Self::Malformed => Kin::Variable,
            Self::Config => Kin::Config,
            Self::Platform
            | Self::Mode
            | Self::HostKey
            | Self::Rejected
            | Self::Barred
            | Self::Role
            | Self::Database
            | Self::Schema
            | Self::Ungranted
            | Self::Crowded
            | Self::Anonymous
            | Self::Forbidden
            | Self::Certificate
            | Self::InUse
            | Self::Denied
            | Self::ReadOnly
            | Self::DiskFull
            | Self::NotEmpty
            | Self::Module
            | Self::Part
            | Self::Command
            | Self::Script
            | Self::File
            | Self::Unopened
            | Self::Flag
            | Self::Argument
            | Self::Syntax
            | Self::Memory => Kin::None,
        }
    }

    /// How it is told with what it is about, as the end of a sentence.
    pub(super) fn with(self) -> &'static str {
        match self {
            Self::Platform => "{} is made for another kind of processor than the node has",
            Self::Mode => "the permissions or the owner of {} are not as it wants them",
            Self::HostKey => "the host key of {} is not one that it knows",
            Self::Rejected => "the server rejects the credentials of {}",
            Self::Barred => "{} does not allow what it asks for (403)",
            Self::Role => "its database has no role {}",
            Self::Ungranted => "its database does not let its user use {}",
            Self::Crowded => "{} takes no more connections",
            Self::Anonymous => "it has no credentials for {}",
            Self::Database => "there is no database {}",
            Self::Schema => "there is no table {} in its database",
            Self::Forbidden => "its service account may not {}",
            Self::Unresolved => "the host {} cannot be resolved",
            Self::Refused => "{} refuses connections",
            Self::Unanswered => "{} does not answer",
            Self::Certificate => "a certificate is not trusted ({})",
            Self::InUse => "{} is in use already",
            Self::Denied => "it has no permission for {}",
            Self::ReadOnly => "it cannot write {}: the file system is read-only",
            Self::DiskFull => "there is no space left for {}",
            Self::NotEmpty => "its data directory {} is not empty, and no database either",
            Self::Module => "it cannot load {}",
            Self::Part => "it cannot use {}",
            Self::Command => "there is no command {} in the image",
            Self::Script => "there is no script {} in its package",
            Self::File => "there is no file {}",
            Self::Unopened => "it cannot open {}",
            Self::Unset => "the variable {} is not set",
            Self::Malformed => "{} is not a value that it can read",
            Self::Flag => "it does not know the flag {}",
            Self::Argument => "it is not given {}, which it needs",
            Self::Config => "its configuration is wrong: {}",
            Self::Syntax => "syntax error: {}",
            Self::Memory => "it runs out of memory by its own account: {}",
        }
    }

    /// The same where nothing says what it is about.
    pub(super) fn without(self) -> &'static str {
        match self {
            Self::Platform => "its program is made for another kind of processor than the node has",
            Self::Mode => "the permissions or the owner of a file are not as it wants them",
            Self::HostKey => "the host key of a server is not one that it knows",
            Self::Rejected => "a server rejects its credentials",
            Self::Barred => "a server does not allow what it asks for (403)",
            Self::Role => "its database has no such role",
            Self::Ungranted => "its database does not let its user do what it tries",
            Self::Crowded => "its database takes no more connections",
            Self::Anonymous => "it finds no credentials to call a cloud with",
            Self::Database => "its database is not there",
            Self::Schema => "a table is not there",
            Self::Forbidden => "its service account may not do what it tries",
            Self::Unresolved => "a host that it needs cannot be resolved",
            Self::Refused => "something that it needs refuses connections",
            Self::Unanswered => "something that it needs does not answer",
            Self::Certificate => "a certificate is not trusted",
            Self::InUse => "its port is in use already",
            Self::Denied => "it may not read, write or run something",
            Self::ReadOnly => "it writes to a file system that is read-only",
            Self::DiskFull => "its disk is full",
            Self::NotEmpty => "its data directory is not empty, and no database either",
            Self::Module => "it cannot load a part of itself",
            Self::Part => "it cannot use a part of itself",
            Self::Command => "a command is not there",
            Self::Script => "a script is not in its package",
            Self::File => "a file that it needs is not there",
            Self::Unopened => "it cannot open a file",
            Self::Unset => "a variable that it needs is not set",
            Self::Malformed => "a value is not one that it can read",
            Self::Flag => "it does not know a flag that it is given",
            Self::Argument => "it is not given an argument that it needs",
            Self::Config => "its configuration is wrong",
            Self::Syntax => "its command has a syntax error",
            Self::Memory => "it runs out of memory by its own account",
        }
    }
}
