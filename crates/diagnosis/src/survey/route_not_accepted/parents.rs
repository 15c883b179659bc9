//! The Gateways that a route wants to hang on.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use serde::Deserialize as _;
use serde_json::Value;
use types::{Finding, Subject};

use super::finding;
use crate::near_miss::near_miss;
use crate::survey::json::{list, text};
use crate::survey::mend::{edited, mended};
use crate::survey::scene::{Scene, name, selects};
use crate::survey::slip::shown;
use crate::survey::words::{listed, meant, missing};

/// The group of Gateways.
const GROUP: &str = "gateway.networking.k8s.io";

/// The parents of a route that are not there or do not take it.
pub(super) fn survey_route(route: &Value, scene: &Scene<'_>) -> Vec<Finding> {
    let parents = list(route, "/spec/parentRefs").iter().enumerate();
    parents.filter_map(|(index, it)| Parent::of(route, index, it, scene)?.trouble()).collect()
}

/// A route and one of its parents.
struct Parent<'a> {
    route: &'a Value,
    field: String,
    wanted: &'a Value,
    gateways: &'a [Value],
    about: Subject,
    scene: &'a Scene<'a>,
}

impl<'a> Parent<'a> {
    fn of(route: &'a Value, index: usize, wanted: &'a Value, scene: &'a Scene<'a>) -> Option<Self> {
        let is_gateway = matches!(text(wanted, "/kind"), "" | "Gateway")
            && ["", GROUP].contains(&text(wanted, "/group"));
        let space = match text(wanted, "/namespace") {
            "" => text(route, "/metadata/namespace"),
            other => other,
        };
        let gateways = scene.all.gateways.as_deref().filter(|_| is_gateway)?;
        let about = Subject::new("Gateway", space, text(wanted, "/name"));
        let field = format!("/spec/parentRefs/{index}");
        Some(Self { route, field, wanted, gateways, about, scene })
    }

    fn trouble(&self) -> Option<Finding> {
        let is_it = |it: &&Value| {
            text(it, "/metadata/name") == self.about.name
                && text(it, "/metadata/namespace") == self.about.namespace
        };
        let Some(gateway) = self.gateways.iter().find(is_it) else { return Some(self.nobody()) };
        let listeners = list(gateway, "/spec/listeners");
        if let Some(finding) = self.no_listener(listeners) {
            return Some(finding);
        }
        let wanted: Vec<_> = listeners.iter().filter(|it| self.is_wanted(it)).collect();
        self.not_allowed(&wanted).or_else(|| self.no_host(&wanted))
    }

    fn is_wanted(&self, listener: &Value) -> bool {
        let section = text(self.wanted, "/sectionName");
        let port = self.wanted.pointer("/port");
        (section.is_empty() || text(listener, "/name") == section)
            && port.is_none_or(|it| listener.pointer("/port") == Some(it))
    }

    fn nobody(&self) -> Finding {
        let wanted = &*self.about.name;
        let of = |it: &&Value| text(it, "/metadata/namespace") == self.about.namespace;
        let here = self.gateways.iter().filter(of).map(|it| text(it, "/metadata/name"));
        let mut elsewhere = self.gateways.iter().filter(|it| text(it, "/metadata/name") == wanted);
        if let (Some(there), None) = (elsewhere.next(), near_miss(wanted, here.clone())) {
            let space = text(there, "/metadata/namespace");
            let cause = format!(
                "There is no Gateway {wanted} in namespace {}; there is one in namespace {space}.",
                self.about.namespace
            );
            let finding = self.finding(cause, "namespace", &self.about.namespace);
            let about = Subject::new("Gateway", space, wanted);
            let takes = Self { field: self.field.clone(), about, ..*self }.trouble().is_none();
            let only = (elsewhere.next().is_none() && takes).then(|| space.into());
            return mended(finding, text(self.wanted, "/namespace").into(), only);
        }
        let meant = meant(wanted, here.clone());
        mended(self.finding(missing("Gateway", wanted, here), "name", wanted), wanted.into(), meant)
    }

    /// No listener has the name or the port that the route wants.
    fn no_listener(&self, listeners: &[Value]) -> Option<Finding> {
        let section = text(self.wanted, "/sectionName");
        let names: Vec<_> = listeners.iter().map(|it| text(it, "/name")).collect();
        if !section.is_empty() && !names.contains(&section) {
            let owned: Vec<_> = names.iter().map(|it| (*it).to_owned()).collect();
            let near = near_miss(section, names);
            let there = match &near {
                Some(near) => format!("it has {near}, which was probably meant"),
                None => format!("it has {}", listed(&owned)),
            };
            let cause = format!("{} has no listener {section}; {there}.", self.about);
            let only = owned.first().filter(|_| owned.len() == 1).cloned();
            let meant = near.or(only).map(Value::from);
            return Some(mended(
                self.finding(cause, "sectionName", section),
                section.into(),
                meant,
            ));
        }
        let port = self.wanted.pointer("/port")?;
        if listeners.iter().any(|it| self.is_wanted(it)) {
            return None;
        }
        let ports: Vec<_> = listeners
            .iter()
            .filter_map(|it| it.pointer("/port"))
            .map(ToString::to_string)
            .collect();
        let which = if section.is_empty() { "listener" } else { "such listener" };
        let only = listeners.first().filter(|_| listeners.len() == 1 && section.is_empty());
        let meant = only.and_then(|it| it.pointer("/port")).cloned();
        let ports = listed(&ports);
        let cause = format!("{} has no {which} on port {port}; it has {ports}.", self.about);
        Some(mended(self.finding(cause, "port", &port.to_string()), port.clone(), meant))
    }

    /// Every listener takes routes of certain namespaces only, and this one is not among them.
    fn not_allowed(&self, listeners: &[&Value]) -> Option<Finding> {
        let refusals: Option<Vec<_>> = listeners.iter().map(|it| self.refusal(it)).collect();
        let refusal = refusals?.into_iter().next()?;
        let space = text(self.route, "/metadata/namespace");
        let cause = format!(
            "{} takes no routes of namespace {space}: its listener takes {refusal}.",
            self.about
        );
        let finding = self.finding(cause, "namespace", &self.about.namespace);
        let fact = format!("{}./spec/listeners/allowedRoutes/namespaces", self.about);
        Some(finding.clue(fact, &refusal))
    }

    /// Whose routes a listener takes, where those of this namespace are not among them; `None` as well where that is
    /// not known.
    fn refusal(&self, listener: &Value) -> Option<String> {
        let space = text(self.route, "/metadata/namespace");
        match text(listener, "/allowedRoutes/namespaces/from") {
            "" | "Same" if space != self.about.namespace => {
                Some("those of its own namespace only".to_owned())
            }
            "None" => Some("none".to_owned()),
            "Selector" => {
                let selector = listener.pointer("/allowedRoutes/namespaces/selector")?;
                let selector = LabelSelector::deserialize(selector).ok()?;
                let namespaces = self.scene.all.namespaces.as_ref()?;
                let own = namespaces.iter().find(|it| name(&it.metadata) == space)?;
                let is_taken = selects(&selector, own.metadata.labels.as_ref());
                let labels = selector.match_labels.as_ref().map(shown).filter(|it| !it.is_empty());
                let labels = labels.unwrap_or_else(|| "certain labels".to_owned());
                (!is_taken).then(|| format!("those of namespaces with {labels} only"))
            }
            _ => None,
        }
    }

    /// No listener serves a host that the route is for.
    fn no_host(&self, listeners: &[&Value]) -> Option<Finding> {
        let hosts = list(self.route, "/spec/hostnames");
        let hosts: Vec<_> = hosts.iter().filter_map(Value::as_str).map(str::to_owned).collect();
        let served: Vec<_> = listeners.iter().map(|it| text(it, "/hostname").to_owned()).collect();
        let meets = |it: &String| served.iter().any(|served| meet(it, served));
        if hosts.is_empty() || listeners.is_empty() || hosts.iter().any(meets) {
            return None;
        }
        let near = hosts.first().and_then(|it| near_miss(it, served.iter().map(String::as_str)));
        let there = match &near {
            Some(near) => format!("{near}, which was probably meant"),
            None => listed(&served),
        };
        let (shown, field) = (listed(&hosts), "/spec/hostnames");
        let cause = format!("No listener of {} serves {shown}; they serve {there}.", self.about);
        let finding = finding(self.route, cause).clue(field, &shown).at(field);
        let [host] = hosts.as_slice() else { return Some(finding) };
        Some(edited(finding, &format!("{field}/0"), host.as_str().into(), near.map(Value::from)))
    }

    fn finding(&self, cause: String, member: &str, value: &str) -> Finding {
        let field = format!("{}/{member}", self.field);
        finding(self.route, cause).clue(field.clone(), value).at(field)
    }
}

/// Whether two hosts, each perhaps with a wildcard as its first label, have hosts in common.
fn meet(one: &str, other: &str) -> bool {
    let (one, other) = (one.to_lowercase(), other.to_lowercase());
    match (one.strip_prefix('*'), other.strip_prefix('*')) {
        _ if other.is_empty() => true,
        (None, None) => one == other,
        (Some(end), None) => other.ends_with(end),
        (None, Some(end)) => one.ends_with(end),
        (Some(one), Some(other)) => one.ends_with(other) || other.ends_with(one),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wildcard_stands_for_one_or_more_labels() {
        assert!(meet("shop.example.com", "*.example.com"));
        assert!(meet("*.example.com", "a.b.example.com"));
        assert!(meet("*.com", "*.example.com"));
        assert!(meet("shop.example.com", ""));
        assert!(!meet("example.com", "*.example.com"));
        assert!(!meet("shop.example.com", "shop.example.org"));
    }
}
