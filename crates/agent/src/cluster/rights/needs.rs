//! What each of our identities needs: what `agent rbac` prints for it.

use kube::Client;
use remedy::{Right, Writer, rolls_back};

use super::super::executor::{Account, Writers};
use super::super::{ClusterError, STOP_OBJECT};
use super::{EVENTS, LEASE, LEASE_READ, LEASE_WRITES, REVIEWS, RightsWanted, read_rights, words};

/// What everybody may ask for whom the API server knows.
const OF_EVERYBODY: [Right; 3] = [
    Right { group: "authorization.k8s.io", resource: "selfsubjectaccessreviews", verb: "create" },
    Right { group: "authorization.k8s.io", resource: "selfsubjectrulesreviews", verb: "create" },
    Right { group: "authentication.k8s.io", resource: "selfsubjectreviews", verb: "create" },
];
/// Who reads, as it is told.
const READER: &str = "agent";

/// A right, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Need {
    pub(super) right: Right,
    /// One namespace, where it is not needed everywhere.
    pub(super) namespace: Option<String>,
    /// One object, where it is not needed for all.
    pub(super) name: Option<String>,
    /// Whether it is missed where it is not there.
    pub(super) required: bool,
}

impl Need {
    pub(super) fn everywhere(right: Right) -> Self {
        Self { right, namespace: None, name: None, required: true }
    }

    fn named(right: Right, namespace: &str, name: &str) -> Self {
        let (namespace, name) = (Some(namespace.to_owned()), Some(name.to_owned()));
        Self { right, namespace, name, required: true }
    }

    fn if_required(self, required: bool) -> Self {
        Self { required, ..self }
    }

    /// `update coordination.k8s.io/leases k8s-reflexion-agent in k8s-reflexion`
    pub(super) fn words(&self) -> String {
        let name = self.name.as_ref().map(|it| format!(" {it}")).unwrap_or_default();
        let place = self.namespace.as_ref().map(|it| format!(" in {it}")).unwrap_or_default();
        format!("{}{name}{place}", words(self.right))
    }
}

/// Who asks the API server about itself.
pub(super) struct Identity {
    name: &'static str,
    pub(super) client: Client,
    /// Its account, where it is known.
    pub(super) account: Option<Account>,
    pub(super) needs: Vec<Need>,
}

impl Identity {
    /// Something about it.
    pub(super) fn says(&self, words: &str) -> String {
        format!("{}: {words}", self.name)
    }
}

/// All of ours, and what keeps one of them from being used. Who writes without an account of his own is the one who
/// reads.
pub(super) async fn identities(
    reading: &Client,
    writers: &Writers,
    wanted: &RightsWanted<'_>,
) -> Result<(Vec<Identity>, Vec<String>), ClusterError> {
    let with_work = |it: &Writer| match it {
        Writer::Executor => true,
        Writer::Restorer => rolls_back(wanted.policy),
    };
    let (mut of_reader, mut others, mut unusable) = (of_reader(wanted), vec![], vec![]);
    for writer in Writer::ALL.into_iter().filter(with_work) {
        let needs = of_writer(writer, wanted);
        let Some(account) = writers.accounts.of(writer) else {
            of_reader.extend(needs);
            continue;
        };
        let token = Right { group: "", resource: "serviceaccounts/token", verb: "create" };
        of_reader.push(Need::named(token, &account.namespace, &account.name));
        let (name, account) = (writer.name(), Some(account.clone()));
        match writers.client(writer).await {
            Ok(client) => others.push(Identity { name, client, account, needs }),
            Err(error) if error.is_in_doubt() => return Err(error),
            Err(error) => unusable.push(format!("{name}: {error}")),
        }
    }
    let reader =
        Identity { name: READER, client: reading.clone(), account: None, needs: of_reader };
    Ok(([reader].into_iter().chain(others).collect(), unusable))
}

fn of_reader(wanted: &RightsWanted<'_>) -> Vec<Need> {
    let mut needs: Vec<_> = read_rights().into_iter().map(Need::everywhere).collect();
    let (stop, lease) = (wanted.stop_namespace, lease(wanted));
    needs.extend(["get", "list", "watch"].map(|verb| {
        Need::named(Right { group: "", resource: "configmaps", verb }, stop, STOP_OBJECT)
    }));
    needs.push(Need::named(LEASE_READ, lease.0, lease.1).if_required(wanted.lease.is_some()));
    needs.extend(REVIEWS.into_iter().filter(|_| wanted.reviews).map(Need::everywhere));
    needs.extend(of_everybody());
    needs
}

fn of_writer(writer: Writer, wanted: &RightsWanted<'_>) -> Vec<Need> {
    let rights = writer.rights_under(wanted.policy);
    let mut needs: Vec<_> = rights.into_iter().map(Need::everywhere).collect();
    if writer == Writer::Executor {
        needs.push(Need::everywhere(EVENTS));
        let (namespace, name) = lease(wanted);
        needs.extend(LEASE_WRITES.map(|(right, is_named)| {
            let need = Need::named(right, namespace, name).if_required(wanted.lease.is_some());
            if is_named { need } else { Need { name: None, ..need } }
        }));
    }
    needs.extend(of_everybody());
    needs
}

/// The Lease that is agreed by, or would be: the roles are there all the same.
fn lease<'a>(wanted: &RightsWanted<'a>) -> (&'a str, &'a str) {
    wanted.lease.map_or((wanted.stop_namespace, LEASE), |it| (&it.namespace, &it.name))
}

fn of_everybody() -> impl Iterator<Item = Need> {
    OF_EVERYBODY.into_iter().map(|it| Need::everywhere(it).if_required(false))
}
