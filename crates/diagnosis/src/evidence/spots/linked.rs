//! The variables by which the kubelet tells every container of the Services of its namespace: `CART_SERVICE_HOST`
//! (<https://kubernetes.io/docs/tutorials/services/connect-applications-service/#environment-variables>).

use k8s_openapi::api::core::v1::{PodSpec, Service};

use crate::Objects;
use crate::near_miss::near_miss;
use crate::same_words::of_same_words;

/// What stands between the name of a Service and the word for what is told of it.
const HOST: &str = "_SERVICE_HOST";
const PORT: &str = "_SERVICE_PORT";

/// The variables of the Service of the API, which every container gets.
const OF_THE_API: [&str; 3] =
    ["KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT", "KUBERNETES_SERVICE_PORT_HTTPS"];

/// Variables of Services.
pub(in crate::evidence) struct Linked {
    services: Vec<OfService>,
}

struct OfService {
    name: String,
    /// Its name in a variable: `CART_STORE`.
    begin: String,
    /// Its ports, by name in a variable where they have one, with the name that they have and the number.
    ports: Vec<(Option<String>, String)>,
    variables: Vec<String>,
}

/// The variables of the Services of the namespace, where the pods get any.
pub(in crate::evidence) fn linked(objects: &Objects, spec: &PodSpec) -> Linked {
    let namespace = &objects.root.metadata().namespace;
    let has_links = spec.enable_service_links != Some(false);
    let services = objects.services.iter().flatten().filter(|_| has_links);
    let here = services.filter(|it| &it.metadata.namespace == namespace);
    Linked { services: here.filter_map(of_service).collect() }
}

/// One without an address has no variables.
fn of_service(service: &Service) -> Option<OfService> {
    let (name, spec) = (service.metadata.name.clone()?, service.spec.as_ref()?);
    let has_address =
        spec.cluster_ip.as_deref() != Some("None") && spec.type_.as_deref() != Some("ExternalName");
    let begin = in_capitals(&name);
    let ports: Vec<_> = spec
        .ports
        .iter()
        .flatten()
        .map(|it| {
            let name = it.name.as_deref().filter(|it| !it.is_empty());
            let shown = name.map_or_else(|| it.port.to_string(), ToOwned::to_owned);
            (name.map(in_capitals), shown)
        })
        .collect();
    let named = ports.iter().filter_map(|it| it.0.as_ref()).map(|it| format!("{begin}{PORT}_{it}"));
    let variables = [format!("{begin}{HOST}"), format!("{begin}{PORT}")];
    let variables = variables.into_iter().chain(named).collect();
    has_address.then_some(OfService { name, begin, ports, variables })
}

fn in_capitals(name: &str) -> String {
    name.to_uppercase().replace(['-', '.'], "_")
}

impl Linked {
    /// The names of all of them.
    pub(in crate::evidence) fn names(&self) -> impl Iterator<Item = &str> {
        self.of_services().chain(OF_THE_API)
    }

    /// The names of those that are set for Services of the namespace alone.
    pub(in crate::evidence) fn of_services(&self) -> impl Iterator<Item = &str> {
        self.services.iter().flat_map(|it| &it.variables).map(String::as_str)
    }

    /// The variable that was probably meant by one that nobody sets, and what says so.
    pub(in crate::evidence) fn meant(&self, wrong: &str) -> Option<(String, String)> {
        self.of_port(wrong).or_else(|| self.of_other_service(wrong))
    }

    /// The Service is there, and has no port of this name.
    fn of_port(&self, wrong: &str) -> Option<(String, String)> {
        let asked = |it: &OfService| {
            let rest = wrong.strip_prefix(&it.begin)?.strip_prefix(PORT)?;
            rest.strip_prefix('_').map(ToOwned::to_owned)
        };
        let (service, asked) = self.services.iter().find_map(|it| Some((it, asked(it)?)))?;
        let OfService { name, begin, ports, .. } = service;
        if let [(called, shown)] = ports.as_slice() {
            let port = called.as_ref().map(|it| format!("_{it}")).unwrap_or_default();
            let meant = format!("{begin}{PORT}{port}");
            let why = format!(
                "Service {name} has no such port, its only one is {shown}: {meant} is set."
            );
            return Some((meant, why));
        }
        let called = || ports.iter().filter_map(|it| it.0.as_deref());
        let same = || of_same_words(&asked, called(), &[]).map(ToOwned::to_owned);
        let near = near_miss(&asked, called()).or_else(same)?;
        let meant = format!("{begin}{PORT}_{near}");
        let why = format!(
            "Service {name} has no such port, and none is called as nearly so: {meant} is set."
        );
        Some((meant, why))
    }

    /// There is no such Service, and one is nearly called so.
    fn of_other_service(&self, wrong: &str) -> Option<(String, String)> {
        let at = [HOST, PORT].into_iter().find_map(|it| wrong.find(it))?;
        let (begin, rest) = wrong.split_at_checked(at)?;
        let begins = || self.services.iter().map(|it| it.begin.as_str());
        if begins().any(|it| it == begin) {
            return None;
        }
        let kinds = ["svc", "service"];
        let same = || of_same_words(begin, begins(), &kinds).map(ToOwned::to_owned);
        let near = near_miss(begin, begins()).or_else(same)?;
        let service = self.services.iter().find(|it| it.begin == near)?;
        let meant = Some(format!("{near}{rest}")).filter(|it| service.variables.contains(it))?;
        let why = format!(
            "No Service of the namespace sets {wrong}, Service {} sets {meant}, and nothing else is as near.",
            service.name
        );
        Some((meant, why))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn meant(services: &[(&str, &[(&str, i32)])], wrong: &str) -> Option<String> {
        let service = |(name, ports): &(&str, &[(&str, i32)])| {
            let ports: Vec<_> =
                ports.iter().map(|it| json!({"name": it.0, "port": it.1})).collect();
            let service = json!({"metadata": {"name": name}, "spec": {"ports": ports}});
            of_service(&serde_json::from_value(service).unwrap()).unwrap()
        };
        let linked = Linked { services: services.iter().map(service).collect() };
        linked.meant(wrong).map(|it| it.0)
    }

    #[test]
    fn a_variable_of_a_service_is_told_from_one_that_nobody_sets() {
        let services: [(&str, &[(&str, i32)]); 3] = [
            ("cart-store", &[("web", 80)]),
            ("orders-db", &[("", 5432)]),
            ("mail", &[("smtp", 25), ("metrics", 9090)]),
        ];
        for (wrong, expected) in [
            ("CART_STORE_SERVICE_PORT_HTTP", Some("CART_STORE_SERVICE_PORT_WEB")),
            ("ORDERS_DB_SERVICE_PORT_PG", Some("ORDERS_DB_SERVICE_PORT")),
            ("MAIL_SERVICE_PORT_METRIC", Some("MAIL_SERVICE_PORT_METRICS")),
            ("MAIL_SERVICE_PORT_HTTP", None),
            ("CART_STOER_SERVICE_HOST", Some("CART_STORE_SERVICE_HOST")),
            ("ORDERS_DATABASE_SERVICE_PORT", Some("ORDERS_DB_SERVICE_PORT")),
            ("BILLING_SERVICE_HOST", None),
            ("CART_STORE_URL", None),
        ] {
            assert_eq!(meant(&services, wrong).as_deref(), expected, "{wrong}");
        }
    }

    #[test]
    fn a_service_without_an_address_sets_no_variable() {
        let service = json!({"metadata": {"name": "db"}, "spec": {"clusterIP": "None"}});
        assert!(of_service(&serde_json::from_value(service).unwrap()).is_none());
    }
}
