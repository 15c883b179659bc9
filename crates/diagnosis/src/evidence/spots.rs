//! The fields of the template that the words of a container, or its silence, are about.
//!
//! A log names a file, a port, a variable; the template says where that comes from, and what is the matter with it.

mod asked;
mod one_text;
mod files;
mod keys;
mod ports;
mod rights;
mod sources;
mod variables;
mod started;
mod credentials;
mod hosts;
mod loopback;
mod listens;
mod named;
mod volumes;
mod limits;
mod linked;
mod profiles;
pub(super) mod service_ports;
mod service_links;
mod configured;
mod headers;
mod transport;
mod shown;
mod modes;
mod held;
mod host_keys;
mod given;
mod schemes;
mod json;
mod outdated;

use std::borrow::Cow;

use types::{ContainerFacts, ContainerRole, FieldPath, KeyFacts, SpotFacts, SpotTopic};

use crate::evidence::failing::Failing;
use crate::evidence::probed;
use crate::log::{reading, waits};
use crate::quoting::stands_alone;
use crate::redact::{cut, shortened};
use crate::{Objects, Redactor};

pub(super) use files::{contains as names_file, mount_of};
pub(super) use held::setting;
pub(crate) use hosts::address_in;
pub(super) use linked::linked;
pub(super) use listens::LISTENS;
pub(super) use modes::meant as meant_mode;
pub(super) use one_text::{in_one_text, plain_words};
pub(super) use schemes::meant as meant_scheme;
pub(super) use service_links::{field as links_field, taken as taken_link};
pub(super) use sources::allowed;
pub(super) use variables::first_unset;

/// Spots of a container that are told.
const MAX_SPOTS: usize = 20;
/// Characters of a line from which on a text that has all of it prints it.
const MIN_LINE: usize = 20;
/// Bytes of a text of which a line is shown.
const MAX_SHOWN: usize = 64 * 1024;
/// Bytes of a value of a ConfigMap that is shown as a whole.
const MAX_VALUE: usize = 256;
/// Characters of a value that are kept.
const MAX_CHARS: usize = 200;

/// A spot before it becomes a fact.
struct Spot {
    topic: SpotTopic,
    path: FieldPath,
    /// The name of a variable whose value it is, and what stands there.
    value: (String, String),
    words: String,
    /// The ConfigMap and the key that hold it.
    key: Option<(String, String)>,
    /// What that key says, to be shown in part.
    shown: Option<Shown>,
}

/// What a key of a ConfigMap says.
struct Shown {
    /// The variable or the file that it becomes.
    name: String,
    /// All of it, as it is.
    text: String,
    /// The word or the line that is meant.
    word: String,
    /// What follows from it, as the end of a sentence.
    more: String,
}

impl Shown {
    /// As much as is shown of it: a short value in which nothing is hidden, else the line with the word. All of it is
    /// redacted before a line is taken.
    fn redacted(&self, redactor: &Redactor) -> Option<String> {
        if MAX_SHOWN < self.text.len() {
            return None;
        }
        let whole = redactor.redact_value(&self.name, &self.text);
        let value = whole.trim();
        let is_short = value.len() <= MAX_VALUE && !value.contains('\n');
        if is_short && whole == self.text {
            return Some(value.to_owned());
        }
        let is_it = |it: &&str| it.trim() == self.word || stands_alone(it, &self.word);
        let line = whole.lines().find(is_it)?.trim();
        Some(cut(line, MAX_CHARS).to_owned())
    }
}

impl Spot {
    /// A variable by its name, or a word of the command, whose name is empty; and what stands there.
    fn of_text(path: &FieldPath, (name, value): (&str, &str), words: String) -> Self {
        let value = (name.to_owned(), value.to_owned());
        Self {
            topic: SpotTopic::Variable,
            path: path.clone(),
            value,
            words,
            key: None,
            shown: None,
        }
    }
}

type Finder = fn(&Failing<'_>) -> Option<Spot>;

/// In the order of their rank: the first that finds a spot of a topic is told.
const FINDERS: &[Finder] = &[
    outdated::host,
    outdated::value,
    asked::resources,
    asked::resources_of_volume,
    asked::sub_path,
    one_text::of_program,
    profiles::asked,
    keys::missing,
    service_links::misread,
    sources::not_executable,
    files::read_only,
    files::shared_memory,
    volumes::full,
    limits::tiny,
    limits::of_pod,
    volumes::in_memory,
    modes::wide,
    ports::denied,
    rights::denied,
    files::denied,
    volumes::token,
    volumes::item,
    files::temporary,
    files::program,
    files::near,
    files::variable,
    held::file,
    schemes::unsupported,
    schemes::other,
    started::of_flag,
    sources::variable,
    configured::with_reading,
    held::value,
    configured::source,
    held::word,
    sources::configuration,
    sources::script,
    json::broken,
    given::malformed,
    configured::setting,
    started::with,
    started::heap,
    started::data,
    credentials::rejected,
    credentials::unknown,
    host_keys::known,
    ports::in_use,
    loopback::needed,
    service_ports::wrong,
    started::host,
    hosts::only,
    configured::host,
    held::host,
    given::host,
    variables::unset,
    named::optional,
    named::missing_key,
    held::unset,
    named::of_sibling,
    transport::other,
    headers::broken,
    hosts::unresolved,
    named::in_words,
    configured::in_words,
    configured::trace,
    shown::in_words,
    held::in_words,
    configured::unnamed,
    listens::at_loopback,
    listens::elsewhere,
];

/// The spots of a container that is not ready or fails a probe.
pub(super) fn facts(
    objects: &Objects,
    facts: &ContainerFacts,
    redactor: &Redactor,
) -> Vec<SpotFacts> {
    let has_pod = !facts.pod.is_empty();
    let failing = has_pod.then(|| Failing::new(objects, facts)).flatten();
    let Some(failing) = failing else { return vec![] };
    let misses = probed::misses(failing.spec, (failing.container, &failing.path), facts);
    let of_probes =
        misses.into_iter().map(|it| Spot::new(SpotTopic::Probe, it.path, &it.text, it.words));
    if facts.ready {
        return of_probes.map(|it| fact(it, redactor)).take(MAX_SPOTS).collect();
    }
    let mut found: Vec<SpotFacts> = vec![];
    for spot in FINDERS.iter().filter_map(|find| find(&failing)) {
        // Where an address comes from that it has no more is told by that.
        let is_told = |it: &SpotFacts| {
            let is_old = it.topic == SpotTopic::Outdated && spot.topic == SpotTopic::Needs;
            is_old || it.topic == spot.topic
        };
        if !found.iter().any(is_told) {
            found.push(fact(held::with_text(&failing, spot), redactor));
        }
    }
    found.extend(of_probes.map(|it| fact(it, redactor)));
    found.truncate(MAX_SPOTS);
    found
}

fn fact(spot: Spot, redactor: &Redactor) -> SpotFacts {
    let value = redactor.redact_value(&spot.value.0, &spot.value.1);
    let shows = spot.shown.as_ref().and_then(|it| it.redacted(redactor));
    let shows = shows.map(|it| it.replace(char::is_control, " ")).filter(|it| !it.is_empty());
    let says = shows.as_ref().map(|it| format!(", where it says \"{it}\"")).unwrap_or_default();
    let more = spot.shown.as_ref().map(|it| redactor.redact(&it.more)).unwrap_or_default();
    let words = redactor.redact(&spot.words) + &says + &more;
    SpotFacts {
        topic: spot.topic,
        path: spot.path.to_string(),
        value: shortened(&value, MAX_CHARS),
        words: words.chars().filter(|it| !it.is_control()).collect(),
        key: spot.key.map(|(config_map, key)| KeyFacts { config_map, key, shows }),
    }
}

impl Spot {
    fn new(topic: SpotTopic, path: FieldPath, value: &str, words: String) -> Self {
        Self {
            topic,
            path,
            value: (String::new(), value.to_owned()),
            words,
            key: None,
            shown: None,
        }
    }

    /// The same, held by this key of a ConfigMap.
    fn held_by(self, config_map: &str, key: &str) -> Self {
        Self { key: Some((config_map.to_owned(), key.to_owned())), ..self }
    }
}

impl Failing<'_> {
    /// Every text of `command` and `args`, with its path, but a script that prints the very line of the log: that
    /// is not what the line is about.
    fn telling_words(&self) -> Vec<(FieldPath, &str)> {
        let line = self.reading.as_ref().map(|it| it.line.trim());
        let line = line.filter(|it| MIN_LINE <= it.len());
        let prints = |text: &str| line.is_some_and(|it| text.contains(it));
        self.words().into_iter().filter(|it| !prints(it.1)).collect()
    }

    /// The address that it needs by its own words; of an init container also the one that it waits for.
    fn needed(&self) -> Option<Cow<'_, str>> {
        let read = self.reading.as_ref().and_then(|it| it.address()).map(Cow::Borrowed);
        let is_init = self.facts.role == ContainerRole::Init && !self.facts.sidecar;
        let said = || waits::host_of(self.log()).filter(|_| is_init).map(Cow::Owned);
        let asked = match self.facts.waits_for.as_slice() {
            [only] if is_init => Some(Cow::Owned(only.clone())),
            _ => None,
        };
        read.or(asked).or_else(said)
    }

    /// What its log is about, where it tells of this trouble.
    fn about(&self, trouble: reading::Trouble) -> Option<&str> {
        self.reading.as_ref().filter(|it| it.trouble == trouble)?.about.as_deref()
    }

    /// The field that says as which user it runs, and the user.
    fn user(&self) -> Option<(FieldPath, i64)> {
        let own = self.container.security_context.as_ref().and_then(|it| it.run_as_user);
        let of_pod = self.spec.security_context.as_ref().and_then(|it| it.run_as_user);
        let field = |path: &FieldPath| path.child("securityContext").child("runAsUser");
        match (own, of_pod) {
            (Some(user), _) => Some((field(&self.path), user)),
            (None, Some(user)) => Some((field(&self.objects.root.kind().pod_spec_path()?), user)),
            (None, None) => None,
        }
    }
}
