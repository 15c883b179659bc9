//! What the API server says when it refuses a pod.

/// One resource of which a quota had too little left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Excess<'m> {
    /// The quota.
    pub(crate) quota: &'m str,
    /// The resource: `pods`, `requests.cpu`.
    pub(crate) resource: &'m str,
    /// How much was asked for.
    pub(crate) requested: &'m str,
    /// How much was used then.
    pub(crate) used: &'m str,
    /// How much may be used.
    pub(crate) limited: &'m str,
}

impl<'m> Excess<'m> {
    /// Reads `exceeded quota: q, requested: pods=1,cpu=2, used: pods=1,cpu=1, limited: pods=1,cpu=2`.
    pub(crate) fn read(message: &'m str) -> Vec<Self> {
        let read = || {
            let (_, rest) = message.split_once("exceeded quota: ")?;
            let (quota, rest) = rest.split_once(", requested: ")?;
            let (requested, rest) = rest.split_once(", used: ")?;
            let (used, limited) = rest.split_once(", limited: ")?;
            let of = |list: &'m str, wanted: &str| {
                let mut pairs = list.split(',').filter_map(|it| it.trim().split_once('='));
                pairs.find(|it| it.0 == wanted).map(|it| it.1)
            };
            let requests = requested.split(',').filter_map(|it| it.trim().split_once('='));
            let all = requests.map(|(resource, requested)| Excess {
                quota,
                resource,
                requested,
                used: of(used, resource).unwrap_or("?"),
                limited: of(limited, resource).unwrap_or("?"),
            });
            Some(all.collect())
        };
        read().unwrap_or_default()
    }
}

/// What a limit range does not allow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OutOfRange<'m> {
    /// `maximum`, `minimum` or `ratio`.
    pub(crate) bound: &'static str,
    /// `memory`, `cpu`.
    pub(crate) resource: &'m str,
    /// `Container`, `Pod`.
    pub(crate) per: &'m str,
    /// What it allows.
    pub(crate) allowed: &'m str,
    /// What the pod has: `limit is 1Gi`, `provided ratio is 3.000000`, `limit is specified` of `No limit is specified`.
    pub(crate) given: &'m str,
}

impl<'m> OutOfRange<'m> {
    /// Reads the first of `[maximum memory usage per Container is 512Mi, but limit is 1Gi, …]`.
    pub(crate) fn read(message: &'m str) -> Option<Self> {
        let (_, list) = message.split_once("is forbidden: ")?;
        let list = list.trim_start_matches('[').trim_end_matches(']');
        // A bound that the pod states nothing for is told in another way.
        let but = list.split_once(", but ");
        let unstated = list.split_once(".  No ").or_else(|| list.split_once(". No "));
        let is_first = |it: &(&str, &str)| but.is_none_or(|other| it.0.len() < other.0.len());
        let (first, given) = match unstated.filter(is_first) {
            Some((first, rest)) => (first, rest.split([',', ']']).next()?),
            None => but.and_then(|it| Some((it.0, it.1.split([',', ']']).next()?)))?,
        };
        let given = given.trim().trim_end_matches('.');
        let (head, allowed) = first.rsplit_once(" is ")?;
        let (what, per) = head.rsplit_once(" per ")?;
        let plain = |bound: &str| what.strip_prefix(bound)?.strip_suffix(" usage");
        let (bound, resource) = if let Some(it) = plain("maximum ") {
            ("maximum", it)
        } else if let Some(it) = plain("minimum ") {
            ("minimum", it)
        } else {
            ("ratio", what.strip_suffix(" max limit to request ratio")?)
        };
        Some(Self { bound, resource, per, allowed, given })
    }

    /// The amount in what the pod has: `1Gi` of `limit is 1Gi`.
    pub(crate) fn amount(&self) -> &'m str {
        self.given.rsplit(' ').next().unwrap_or_default()
    }

    /// Whether the pod has to state something and does not.
    pub(crate) fn is_unstated(&self) -> bool {
        self.given.ends_with(" is specified")
    }

    /// `limit` of `limit is 1Gi`.
    pub(crate) fn given_what(&self) -> &'m str {
        self.given.split(' ').next().unwrap_or_default()
    }

    /// Which list of a container's resources holds it.
    pub(crate) fn list(&self) -> &'static str {
        if self.given.contains("request") { "requests" } else { "limits" }
    }
}

/// Reads `failed quota: q: must specify requests.cpu for: app; …`: quota, resource and the first container.
pub(crate) fn unstated(message: &str) -> Option<(&str, &str, &str)> {
    let (_, rest) = message.split_once("failed quota: ")?;
    let (quota, rest) = rest.split_once(": must specify ")?;
    let (resource, containers) = rest.split_once(" for: ").unwrap_or((rest, ""));
    let resource = resource.split(',').next()?.trim();
    let container = containers.split([',', ';']).next()?.trim();
    Some((quota, resource, container))
}

/// Reads all of `must specify limits.cpu for: app; limits.memory for: app,proxy`: each resource with each container.
pub(crate) fn all_unstated(message: &str) -> Vec<(&str, &str)> {
    let Some((_, rest)) = message.split_once(": must specify ") else { return vec![] };
    let pairs = rest.split("; ").filter_map(|it| it.split_once(" for: "));
    let each = pairs.flat_map(|(resource, containers)| {
        containers.split(',').map(move |it| (resource.trim(), it.trim()))
    });
    each.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excess_names_quota_and_amounts() {
        let message = "pods \"web-1\" is forbidden: exceeded quota: compute, requested: \
                       pods=1,requests.cpu=100m, used: pods=1,requests.cpu=450m, limited: pods=1,requests.cpu=500m";

        let found = Excess::read(message);

        assert_eq!(found.len(), 2);
        assert_eq!((found[1].quota, found[1].resource), ("compute", "requests.cpu"));
        assert_eq!((found[1].requested, found[1].used, found[1].limited), ("100m", "450m", "500m"));
        assert_eq!(Excess::read("exceeded quota: compute"), vec![]);
    }

    #[track_caller]
    fn check(message: &str, expected: (&str, &str, &str, &str, &str)) {
        let message = format!("pods \"web-1\" is forbidden: {message}");
        let it = OutOfRange::read(&message).unwrap();
        assert_eq!((it.bound, it.resource, it.per, it.allowed, it.given), expected);
    }

    #[test]
    fn what_a_limit_range_refuses_is_read() {
        check(
            "maximum memory usage per Container is 512Mi, but limit is 1Gi",
            ("maximum", "memory", "Container", "512Mi", "limit is 1Gi"),
        );
        check(
            "[minimum cpu usage per Container is 5m, but request is 1m, memory max limit to request \
             ratio per Container is 2, but provided ratio is 3.000000]",
            ("minimum", "cpu", "Container", "5m", "request is 1m"),
        );
        check(
            "memory max limit to request ratio per Pod is 2, but provided ratio is 3.000000",
            ("ratio", "memory", "Pod", "2", "provided ratio is 3.000000"),
        );
        check(
            "[maximum memory usage per Pod is 1Gi.  No limit is specified, maximum cpu usage per Pod is 1, but limit is 2]",
            ("maximum", "memory", "Pod", "1Gi", "limit is specified"),
        );
        check(
            "minimum cpu usage per Container is 50m. No request is specified",
            ("minimum", "cpu", "Container", "50m", "request is specified"),
        );
        assert_eq!(OutOfRange::read("pods \"a\" is forbidden: no"), None);
    }

    #[test]
    fn what_a_quota_wants_stated_is_read() {
        let message =
            "failed quota: compute: must specify requests.cpu for: app,side; limits.cpu for: app";
        assert_eq!(unstated(message), Some(("compute", "requests.cpu", "app")));
        let all = [("requests.cpu", "app"), ("requests.cpu", "side"), ("limits.cpu", "app")];
        assert_eq!(all_unstated(message), all);
        assert_eq!(all_unstated("failed quota: compute"), vec![]);
    }
}
