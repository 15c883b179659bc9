//! The containers of the template, each with the worst state that a pod shows.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use k8s_openapi::api::core::v1::{Container, ContainerStatus, Pod};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as Amount;
use types::{ContainerFacts, ContainerRole, ContainerState, GivenRequest, PodFacts, Quantity};

use crate::evidence::{files, given, listens, outdated, probes, spots, waits, workload};
use crate::log::{at_work, left, line};
use crate::suspicion::ORDINARY_WAITS;
use crate::{Objects, Redactor, quoting, redact, terminal};

/// Lines of a log that are kept.
const MAX_LINES: usize = 40;
/// Of these, lines that tell of trouble and stand before the last ones.
const MAX_LOUD: usize = 8;
/// How long the value of a variable is that is looked for in a log.
const QUOTED: RangeInclusive<usize> = 2..=64;
/// How long a word is, in bytes, that is looked for in a value.
const PART: usize = 4;
/// Words of a log that are looked for in values.
const MAX_WORDS: usize = 200;
/// Variables with such a value that are kept.
const MAX_QUOTED: usize = 10;
/// Names of variables that are kept.
const MAX_NAMES: usize = 100;
/// Characters of a line, or of a message, that are kept.
const MAX_CHARS: usize = 500;

/// Facts of every container of the template: those that stay first, then the init containers.
pub(super) fn facts(
    objects: &Objects,
    pods: &[PodFacts],
    redactor: &Redactor,
) -> Vec<ContainerFacts> {
    let Some(spec) = objects.root.pod_spec() else { return vec![] };
    let of = |role, containers: &[Container]| -> Vec<ContainerFacts> {
        let reader = Reader { objects, pods, redactor, role };
        containers.iter().enumerate().map(|(index, it)| reader.read(index, it)).collect()
    };
    let mut facts = of(ContainerRole::App, &spec.containers);
    facts.extend(of(ContainerRole::Init, spec.init_containers.as_deref().unwrap_or_default()));
    facts
}

/// What is read from, for the containers of one list.
struct Reader<'a> {
    objects: &'a Objects,
    pods: &'a [PodFacts],
    redactor: &'a Redactor,
    role: ContainerRole,
}

impl Reader<'_> {
    fn read(&self, index: usize, container: &Container) -> ContainerFacts {
        let resources = container.resources.as_ref();
        let limit = |name| quantity(resources.and_then(|it| it.limits.as_ref())?.get(name));
        let request = |name| quantity(resources.and_then(|it| it.requests.as_ref())?.get(name));
        let waits = waits::facts(container, self.namespace());
        let mut facts = ContainerFacts {
            name: container.name.clone(),
            role: self.role,
            index,
            sidecar: self.role == ContainerRole::Init
                && container.restart_policy.as_deref() == Some("Always"),
            image: self.redactor.redact_image(container.image.as_deref().unwrap_or_default()),
            pod: String::new(),
            ready: false,
            restarts: 0,
            state: ContainerState::default(),
            memory_limit: limit("memory"),
            memory_request: request("memory"),
            cpu_limit: limit("cpu"),
            cpu_request: request("cpu"),
            given_memory_limit: None,
            given_requests: vec![],
            memory_used: None,
            fills_memory: None,
            cpu_used: None,
            env: container.env.iter().flatten().take(MAX_NAMES).map(|it| it.name.clone()).collect(),
            sets: sets(container),
            waits_for: waits.addresses,
            works_after: waits.works_after,
            sleeps: super::sleeps::fact(container),
            files: files::facts(self.objects, container),
            left_behind: None,
            left_in_scratch: false,
            wedged: None,
            at_work: false,
            calls: vec![],
            quoted: vec![],
            spots: vec![],
            hosts: vec![],
            listens: vec![],
            ports: ports(container),
            probes: probes::facts(container, self.redactor),
            log: vec![],
            previous_log: vec![],
        };
        if let Some((pod, status)) = self.worst(&container.name) {
            self.fill(&mut facts, pod, status);
            let is_current = self.pods.iter().any(|it| it.current && it.name == facts.pod);
            facts.given_memory_limit =
                given::memory_limit(self.objects, container, pod).filter(|_| is_current);
        }
        self.read_on(&mut facts, container);
        facts
    }

    /// What follows from the rest: the log, the state and the template together.
    fn read_on(&self, facts: &mut ContainerFacts, container: &Container) {
        facts.given_requests = self.given_requests(container);
        facts.left_behind = super::left_behind::fact(self.objects, container, facts);
        let left = facts.left_behind.as_deref();
        facts.left_in_scratch =
            left.is_some_and(|it| super::left_behind::is_scratch(self.objects, container, it));
        facts.wedged = super::wedged::fact(facts);
        facts.at_work = at_work::is_at_work(&facts.log);
        facts.calls = super::wedged::calls(self.objects, container, facts);
        facts.fills_memory = super::fills_memory::fact(self.objects, container, facts);
        facts.quoted = quoted(container, facts);
        facts.spots = spots::facts(self.objects, facts, self.redactor);
        facts.hosts = hosts(container, facts);
        facts.listens = listens::facts(container, &facts.log);
    }

    /// What a pod of the newest revision that waits for a node was given to ask for.
    fn given_requests(&self, container: &Container) -> Vec<GivenRequest> {
        let waits = |it: &&PodFacts| it.current && !it.scheduled && !it.terminating;
        let pod = self.pods.iter().find(waits).and_then(|it| {
            let all = &mut self.objects.pods.iter();
            all.find(|pod| pod.metadata.name.as_ref() == Some(&it.name))
        });
        pod.map(|it| given::requests(self.objects, container, it)).unwrap_or_default()
    }

    fn namespace(&self) -> &str {
        self.objects.root.metadata().namespace.as_deref().unwrap_or_default()
    }

    /// The worst status of this container over the pods of the newest revision; over all when there are none. What a
    /// node that is down told of its pods last is old news, and counts where there is no other.
    fn worst(&self, name: &str) -> Option<(&Pod, &ContainerStatus)> {
        let has_news = self.pods.iter().any(|it| it.current && !it.terminating && !it.cut_off);
        let is_old_news = |it: &PodFacts| it.terminating || it.cut_off && has_news;
        let fact = |pod: &Pod| {
            self.pods.iter().find(|it| Some(it.name.as_str()) == pod.metadata.name.as_deref())
        };
        let among = |current: bool| {
            let pods = self.objects.pods.iter().filter(move |pod| {
                fact(pod).is_some_and(|it| !is_old_news(it) && (it.current || !current))
                    && !outdated::is_outdated(self.objects, pod)
            });
            pods.filter_map(|pod| Some((&**pod, self.status(pod, name)?)))
                .max_by_key(|(_, status)| (badness(status), status.restart_count))
        };
        let newest = among(true);
        // An ordered set waits for each of its pods, of whatever revision.
        let is_well = newest.is_none_or(|it| it.1.ready);
        let held = || among(false).filter(|it| !it.1.ready && badness(it.1) == WORST);
        if is_well && workload::is_ordered(&self.objects.root) {
            return held().or(newest).or_else(|| among(false));
        }
        newest.or_else(|| among(false))
    }

    fn status<'p>(&self, pod: &'p Pod, name: &str) -> Option<&'p ContainerStatus> {
        let status = pod.status.as_ref()?;
        let list = match self.role {
            ContainerRole::App => &status.container_statuses,
            ContainerRole::Init => &status.init_container_statuses,
        };
        list.as_ref()?.iter().find(|it| it.name == name)
    }

    fn fill(&self, facts: &mut ContainerFacts, pod: &Pod, status: &ContainerStatus) {
        let pod_name = pod.metadata.name.clone().unwrap_or_default();
        facts.ready = status.ready;
        facts.restarts = u32::try_from(status.restart_count).unwrap_or(0);
        facts.state = self.state(status);
        let usage = self
            .objects
            .usage
            .iter()
            .filter(|it| it.container == facts.name && it.pod == pod_name)
            .max_by_key(|it| it.memory_bytes);
        facts.memory_used = usage.map(|it| it.memory_bytes);
        facts.cpu_used = usage.map(|it| it.cpu_millis);
        facts.log = self.log(&pod_name, &facts.name, false);
        facts.previous_log = self.log(&pod_name, &facts.name, true);
        for probe in &mut facts.probes {
            probe.failure = probes::failure(self.objects, &pod_name, status, probe.kind)
                .map(|it| self.text(&it));
        }
        facts.pod = pod_name;
    }

    fn state(&self, status: &ContainerStatus) -> ContainerState {
        let now = status.state.as_ref();
        let waiting = now.and_then(|it| it.waiting.as_ref());
        let ended = now
            .and_then(|it| it.terminated.as_ref())
            .or_else(|| status.last_state.as_ref().and_then(|it| it.terminated.as_ref()));
        ContainerState {
            waiting: waiting.and_then(|it| it.reason.clone()),
            waiting_message: waiting.and_then(|it| it.message.as_deref()).map(|it| self.text(it)),
            running_since: now
                .and_then(|it| it.running.as_ref()?.started_at.as_ref())
                .map(|it| it.0),
            last_exit: ended.and_then(|it| it.reason.clone()),
            exit_code: ended.map(|it| it.exit_code),
            exit_message: ended
                .and_then(|it| it.message.as_deref())
                .map(|it| self.lines(whole_words(it)).join("\n")),
            exited_at: ended.and_then(|it| it.finished_at.as_ref()).map(|it| it.0),
            // What never ran has the first second of all time.
            began_at: ended
                .and_then(|it| it.started_at.as_ref())
                .map(|it| it.0)
                .filter(|it| 0 < it.as_second()),
        }
    }

    fn log(&self, pod: &str, container: &str, previous: bool) -> Vec<String> {
        let log = self
            .objects
            .logs
            .iter()
            .find(|it| it.pod == pod && it.container == container && it.previous == previous);
        log.map(|it| self.lines(&it.text)).unwrap_or_default()
    }

    fn lines(&self, text: &str) -> Vec<String> {
        let redacted = self.redactor.redact(&terminal::plain(text));
        kept(redacted.lines().map(cut).collect())
    }

    fn text(&self, text: &str) -> String {
        cut(&self.redactor.redact(&terminal::plain(text)))
    }
}

/// The last lines, and of those before them the last that tell of trouble.
fn kept(mut lines: Vec<String>) -> Vec<String> {
    if lines.len() <= MAX_LINES {
        return lines;
    }
    let last = lines.split_off(lines.len().saturating_sub(MAX_LINES - MAX_LOUD));
    let mut loud: Vec<_> =
        lines.into_iter().rev().filter(|it| line::is_loud(it)).take(MAX_LOUD).collect();
    loud.reverse();
    loud.extend(last);
    loud
}

/// As much of a text as is kept.
fn cut(text: &str) -> String {
    redact::cut(text, MAX_CHARS).to_owned()
}

/// The fields that decide how the container starts and that the template sets.
fn sets(container: &Container) -> Vec<String> {
    let mut env = container.env.iter().flatten();
    let all = [
        ("valueFrom", env.any(|it| it.value_from.is_some())),
        ("envFrom", container.env_from.as_ref().is_some_and(|it| !it.is_empty())),
        ("command", container.command.as_ref().is_some_and(|it| !it.is_empty())),
        ("args", container.args.as_ref().is_some_and(|it| !it.is_empty())),
        ("workingDir", container.working_dir.is_some()),
        ("lifecycle", container.lifecycle.as_ref().is_some_and(|it| it.post_start.is_some())),
    ];
    all.into_iter().filter(|it| it.1).map(|it| it.0.to_owned()).collect()
}

/// A status of a container that waits for what does not come, or has failed.
const WORST: u8 = 3;

/// How bad a status is; the order decides which pod stands for the container.
fn badness(status: &ContainerStatus) -> u8 {
    let state = status.state.as_ref();
    let waits_badly = state
        .and_then(|it| it.waiting.as_ref()?.reason.as_deref())
        .is_some_and(|it| !ORDINARY_WAITS.contains(&it));
    let ended = state.and_then(|it| it.terminated.as_ref());
    let ended_badly = ended.is_some_and(|it| it.exit_code != 0);
    let ended_before = status.last_state.as_ref().is_some_and(|it| it.terminated.is_some());
    match (waits_badly || ended_badly, ended_before, status.ready) {
        (true, _, _) => WORST,
        (false, true, _) => 2,
        (false, false, false) => 1,
        (false, false, true) => 0,
    }
}

/// The variables whose plain value, or a word of it, the log shows: what a program cannot read it mostly shows.
fn quoted(container: &Container, facts: &ContainerFacts) -> Vec<(String, String)> {
    let lines = || left::all(facts);
    let words: BTreeSet<_> = lines().flat_map(|it| quoting::quoted(it)).take(MAX_WORDS).collect();
    let of_variable = |(name, value): (&String, &String)| {
        let is_shown = QUOTED.contains(&value.chars().count())
            && lines().any(|line| quoting::shows(line, value));
        let whole = is_shown.then(|| value.clone());
        let is_part = |it: &&&str| PART <= it.len() && quoting::stands_alone(value, it);
        let part = words.iter().find(is_part).map(|it| (*it).to_owned());
        let part = part.filter(|it| whole.as_ref() != Some(it));
        whole.into_iter().chain(part).map(|it| (name.clone(), it)).collect::<Vec<_>>()
    };
    let plain =
        container.env.iter().flatten().filter_map(|it| Some((&it.name, it.value.as_ref()?)));
    plain.flat_map(of_variable).take(MAX_QUOTED).collect()
}

/// The variables whose value names a host that the log names as well.
fn hosts(container: &Container, facts: &ContainerFacts) -> Vec<(String, String)> {
    let lines: Vec<_> = left::all(facts).collect();
    let said: BTreeSet<_> = lines.iter().flat_map(|it| words(it)).collect();
    let plain =
        container.env.iter().flatten().filter_map(|it| Some((&it.name, it.value.as_ref()?)));
    let named = plain.filter_map(|(name, value)| {
        let value: String = value.chars().take(MAX_CHARS).collect();
        // What a URL begins with is in many lines.
        let rest = value.split_once("://").map_or(value.as_str(), |it| it.1);
        let host = words(rest).into_iter().find(|it| said.contains(it))?;
        Some((name.clone(), host))
    });
    named.take(MAX_QUOTED).collect()
}

/// The words of a text that may be hosts, in small letters.
pub(super) fn words(text: &str) -> Vec<String> {
    let is_part = |it: char| it.is_ascii_alphanumeric() || matches!(it, '-' | '.' | '_');
    let words = text.split(|it: char| !is_part(it)).map(|it| it.trim_matches(['.', '-']));
    let is_host =
        |it: &&str| QUOTED.contains(&it.len()) && it.chars().any(|it| it.is_ascii_alphabetic());
    words.filter(is_host).map(str::to_lowercase).collect()
}

fn ports(container: &Container) -> Vec<(String, u16)> {
    let ports = container.ports.iter().flatten();
    ports
        .filter_map(|it| {
            Some((it.name.clone().unwrap_or_default(), u16::try_from(it.container_port).ok()?))
        })
        .collect()
}

fn quantity(amount: Option<&Amount>) -> Option<Quantity> {
    amount.map(|it| Quantity(it.0.clone()))
}

/// Bytes of a log that the kubelet keeps where its end stands for a message (`MaxContainerTerminationMessageLogLength`,
/// <https://kubernetes.io/docs/tasks/debug/debug-application/determine-reason-pod-failure/>).
const KEPT: usize = 2048;

/// A message without what may be the end of a word: half a token looks like none.
fn whole_words(message: &str) -> &str {
    if message.len() < KEPT {
        return message;
    }
    message.split_once(char::is_whitespace).map_or("", |it| it.1)
}

#[test]
fn of_a_message_that_was_cut_the_first_word_is_not_shown() {
    let rest = " at upstream\n".repeat(KEPT);
    assert_eq!(whole_words(&format!("8775eccfc2d08ee68ad73952830{rest}")), rest.get(1..).unwrap());
    assert_eq!(whole_words("short and whole"), "short and whole");
    assert_eq!(whole_words(&"a".repeat(KEPT)), "");
}
