//! The port of a Service that was meant by one that it does not have.

use k8s_openapi::api::core::v1::{Service, ServicePort};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use crate::near_miss::near_miss;

/// A port that something asks a Service for.
#[derive(Clone, Copy)]
pub(super) enum Asked<'a> {
    Name(&'a str),
    Number(i64),
}

/// Its only port; else the one that leads to what was asked for, which is where the pods listen, or whose name is
/// nearly the same.
pub(super) fn port_meant<'s>(service: &'s Service, asked: Asked<'_>) -> Option<&'s ServicePort> {
    let ports = service.spec.as_ref()?.ports.as_deref()?;
    if let [only] = ports {
        return Some(only);
    }
    let leads = |it: &&ServicePort| match (&it.target_port, asked) {
        (Some(IntOrString::Int(to)), Asked::Number(number)) => i64::from(*to) == number,
        (Some(IntOrString::String(to)), Asked::Name(name)) => to == name,
        (Some(IntOrString::Int(_)), Asked::Name(_))
        | (Some(IntOrString::String(_)), Asked::Number(_))
        | (None, _) => false,
    };
    let mut leading = ports.iter().filter(leads);
    if let Some(first) = leading.next() {
        return leading.next().is_none().then_some(first);
    }
    let Asked::Name(name) = asked else { return None };
    let near = near_miss(name, ports.iter().filter_map(|it| it.name.as_deref()))?;
    ports.iter().find(|it| it.name.as_ref() == Some(&near))
}

/// `; 80 was probably meant`, where the Service has others too.
pub(super) fn words(service: &Service, meant: Option<&ServicePort>) -> String {
    let n_ports = service.spec.iter().flat_map(|it| it.ports.iter().flatten()).count();
    let meant = meant.filter(|_| 1 < n_ports);
    meant.map(|it| format!("; {} was probably meant", it.port)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn meant(ports: &Value, asked: Asked<'_>) -> Option<i32> {
        let service = json!({"metadata": {"name": "web"}, "spec": {"ports": ports}});
        let service: Service = serde_json::from_value(service).unwrap();
        port_meant(&service, asked).map(|it| it.port)
    }

    #[test]
    fn the_port_that_was_meant_is_the_only_one_or_the_one_that_leads_there_or_is_nearly_called_so()
    {
        let one = json!([{"port": 80, "targetPort": 8080}]);
        assert_eq!(meant(&one, Asked::Number(9000)), Some(80));
        assert_eq!(meant(&one, Asked::Name("web")), Some(80));
        let two = json!([{"name": "http", "port": 80, "targetPort": 8080},
            {"name": "metrics", "port": 90, "targetPort": "prom"}]);
        assert_eq!(meant(&two, Asked::Number(8080)), Some(80));
        assert_eq!(meant(&two, Asked::Name("prom")), Some(90));
        assert_eq!(meant(&two, Asked::Name("metrcs")), Some(90));
        // Of several nobody knows which.
        assert_eq!(meant(&two, Asked::Number(9000)), None);
        assert_eq!(meant(&two, Asked::Name("admin")), None);
        assert_eq!(meant(&json!([]), Asked::Number(80)), None);
        let both = json!([{"name": "a", "port": 80, "targetPort": 8080},
            {"name": "b", "port": 81, "targetPort": 8080}]);
        assert_eq!(meant(&both, Asked::Number(8080)), None);
    }
}
