//! The variables by which the kubelet tells of Services, where one has the name of a setting of the program:
//! `BEACON_PORT=tcp://10.96.0.7:80` for Service `beacon`, in a program that wants a number there.

use k8s_openapi::api::core::v1::{Service, ServicePort};
use types::{FieldPath, SpotTopic};

use super::Spot;
use crate::evidence::failing::Failing;
use crate::log::last_words;
use crate::log::reading::Trouble;
use crate::quoting::stands_alone;

/// The field by which a pod does without these variables.
const FIELD: &str = "enableServiceLinks";

/// A variable of a Service that the program takes for its own.
pub(in crate::evidence) struct Link {
    /// Its name: `BEACON_PORT`.
    pub(in crate::evidence) variable: String,
    /// The Service that it tells of.
    pub(in crate::evidence) service: String,
    /// What it says, where the address of the Service is known.
    value: Option<String>,
    /// Whether it is the one that programs have a setting of the name of; any other one has to be named.
    is_usual: bool,
}

/// The field that keeps them out, where the program cannot read one.
pub(super) fn misread(failing: &Failing<'_>) -> Option<Spot> {
    let link = taken(failing)?;
    let (path, value) = (field(failing)?, failing.spec.enable_service_links);
    let value = if value.is_some() { "true" } else { "not set, which means true" };
    let Link { variable, service, value: says, .. } = link;
    let says = says.map(|it| format!("={it}")).unwrap_or_default();
    let words = format!(
        "; Kubernetes sets {variable}{says} in every pod for Service {service}, and the template does not set it: set \
         {variable} there, or {FIELD}: false"
    );
    Some(Spot::new(SpotTopic::Expansion, path, value, words))
}

/// Where the pod says whether it wants them.
pub(in crate::evidence) fn field(failing: &Failing<'_>) -> Option<FieldPath> {
    Some(failing.objects.root.kind().pod_spec_path()?.child(FIELD))
}

/// The variable that the program complains about, by its name or by its value, which nothing in the template sets.
pub(in crate::evidence) fn taken(failing: &Failing<'_>) -> Option<Link> {
    if failing.spec.enable_service_links == Some(false) {
        return None;
    }
    let reading = failing.reading.as_ref();
    // Who asks at an address in vain has read it.
    if reading.is_some_and(|it| it.address().is_some()) {
        return None;
    }
    let around = last_words::around(failing.log());
    let lines: Vec<&str> = reading.map(|it| it.line).into_iter().chain(around).collect();
    let about = failing.about(Trouble::Malformed);
    let is_named = |it: &Link| lines.iter().any(|line| stands_alone(line, &it.variable));
    let is_shown = |it: &Link| lines.iter().any(|line| it.is_shown(line));
    let links: Vec<Link> =
        links(failing).into_iter().filter(|it| !is_set(failing, it, is_shown(it))).collect();
    let mut named = links.iter().filter(|it| {
        let shows = is_shown(it) || lines.iter().any(|line| is_link(line) && is_named(it));
        is_named(it) && (shows || about == Some(it.variable.as_str()))
    });
    let found = named.next().or_else(|| links.iter().find(|it| it.is_usual && is_shown(it)))?;
    let at = links.iter().position(|it| it.variable == found.variable)?;
    links.into_iter().nth(at)
}

/// The variables of all Services of the namespace that hold an address of this kind.
fn links(failing: &Failing<'_>) -> Vec<Link> {
    let namespace = &failing.objects.root.metadata().namespace;
    let services = failing.objects.services.iter().flatten();
    let here = services.filter(|it| it.metadata.namespace == *namespace);
    here.filter(|it| was_there(failing, it)).flat_map(of_service).collect()
}

/// Whether a Service was there when the container was last started: it gets the variables of no later one.
fn was_there(failing: &Failing<'_>, service: &Service) -> bool {
    let state = &failing.facts.state;
    let began = state.running_since.or(state.began_at).or(state.exited_at);
    let made = service.metadata.creation_timestamp.as_ref().map(|it| it.0);
    made.zip(began).is_none_or(|(made, began)| made <= began)
}

/// One without an address has no variables
/// (<https://kubernetes.io/docs/tutorials/services/connect-applications-service/#environment-variables>).
fn of_service(service: &Service) -> Vec<Link> {
    let (Some(name), Some(spec)) = (&service.metadata.name, &service.spec) else { return vec![] };
    let address = spec.cluster_ip.as_deref().filter(|it| !it.is_empty());
    if address == Some("None") || spec.type_.as_deref() == Some("ExternalName") {
        return vec![];
    }
    let begin = name.to_uppercase().replace(['-', '.'], "_");
    let host = address.map(|it| if it.contains(':') { format!("[{it}]") } else { it.to_owned() });
    let of_port = |(at, port): (usize, &ServicePort)| {
        let protocol = port.protocol.as_deref().unwrap_or("TCP");
        let number = port.port;
        let lower = protocol.to_lowercase();
        let link = |variable: String, is_usual: bool| Link {
            variable,
            service: name.clone(),
            value: host.as_ref().map(|it| format!("{lower}://{it}:{number}")),
            is_usual,
        };
        let first = (at == 0).then(|| link(format!("{begin}_PORT"), true));
        first.into_iter().chain([link(format!("{begin}_PORT_{number}_{protocol}"), false)])
    };
    spec.ports.iter().flatten().enumerate().flat_map(of_port).collect()
}

/// Whether something of the template sets it. What a Secret sets is not known; where the very value is shown, no
/// Secret has it.
fn is_set(failing: &Failing<'_>, link: &Link, is_shown: bool) -> bool {
    let container = failing.container;
    let name = link.variable.as_str();
    let has = |text: &str| link.is_shown(text);
    let brought = failing.brought();
    let is_brought = brought.iter().any(|it| it.variable.as_deref() == Some(name) || has(it.text));
    let is_own = container.env.iter().flatten().any(|it| it.name == name)
        || failing.variables().iter().any(|it| has(it.2))
        || failing.words().iter().any(|it| has(it.1));
    let may_be_set = container.env_from.iter().flatten().any(|it| {
        let maps = || failing.objects.config_maps.iter().flatten();
        let map = it.config_map_ref.as_ref().map(|it| &it.name);
        map.is_none_or(|name| maps().all(|it| it.name != *name))
    });
    is_brought || is_own || (may_be_set && !is_shown)
}

/// Whether a text has a value of this form: `tcp://10.96.0.7:80`.
fn is_link(text: &str) -> bool {
    let begins = |rest: &str| {
        let end = rest.find(|it: char| !(it.is_ascii_hexdigit() || ".:[]".contains(it)));
        let (host, port) = rest.get(..end.unwrap_or(rest.len()))?.rsplit_once(':')?;
        let host = host.trim_matches(['[', ']']);
        let is_it = host.parse::<std::net::IpAddr>().is_ok() && port.parse::<u16>().is_ok();
        is_it.then_some(())
    };
    let schemes = ["tcp://", "udp://", "sctp://"];
    schemes.iter().any(|it| text.split(it).skip(1).any(|rest| begins(rest).is_some()))
}

impl Link {
    /// Whether a text has its value, and no longer one.
    fn is_shown(&self, text: &str) -> bool {
        let Some(value) = &self.value else { return false };
        let goes_on = |it: &str| it.starts_with(|it: char| it.is_ascii_digit());
        text.split(value.as_str()).skip(1).any(|rest| !goes_on(rest))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_service_sets_a_variable_for_each_port_and_one_for_the_first() {
        let ports = json!([{"port": 80}, {"port": 53, "protocol": "UDP"}]);
        let service = json!({"metadata": {"name": "log-beacon"},
            "spec": {"clusterIP": "10.96.0.7", "ports": ports}});
        let links = of_service(&serde_json::from_value(service).unwrap());
        let told: Vec<_> =
            links.iter().map(|it| (it.variable.as_str(), it.value.as_deref().unwrap())).collect();
        assert_eq!(
            told,
            [
                ("LOG_BEACON_PORT", "tcp://10.96.0.7:80"),
                ("LOG_BEACON_PORT_80_TCP", "tcp://10.96.0.7:80"),
                ("LOG_BEACON_PORT_53_UDP", "udp://10.96.0.7:53"),
            ]
        );
        let headless = json!({"metadata": {"name": "db"}, "spec": {"clusterIP": "None", "ports": [{"port": 1}]}});
        assert!(of_service(&serde_json::from_value(headless).unwrap()).is_empty());
    }

    #[test]
    fn a_value_of_this_form_is_told_from_any_other_address() {
        assert!(is_link("BEACON_PORT='tcp://10.96.0.7:80' is not a number"));
        assert!(is_link("invalid port \"tcp://[fd00::7]:80\""));
        assert!(!is_link("cannot parse tcp://beacon:80"));
        assert!(!is_link("http://10.96.0.7:80"));
    }
}
