//! Where roles were given: a writer may have his in some namespaces alone (`agent rbac --only`).

use std::collections::BTreeSet;

use k8s_openapi::api::rbac::v1::RoleBinding;
use kube::Client;
use kube::api::{Api, ListParams};

use super::super::ClusterError;
use super::super::executor::{Account, Accounts};
use super::super::kube::{READ, within};
use super::RightsWanted;

/// Namespaces that are asked about at most.
const MOST: usize = 50;
/// One in which nobody of ours has anything of his own: what he may do there, he may do everywhere.
const ELSEWHERE: &str = "default";

/// The `RoleBindings` that name a service account: of each its namespace, and the account.
#[derive(Debug, Default)]
pub(super) struct Spaces(Vec<(String, Account)>);

impl Spaces {
    /// Those that name one of these. Whoever may not read them knows of none.
    pub(super) async fn read(reading: &Client, ours: &Accounts) -> Result<Self, ClusterError> {
        let ours: Vec<_> = [&ours.executor, &ours.restorer].into_iter().flatten().collect();
        if ours.is_empty() {
            return Ok(Self::default());
        }
        let api = Api::<RoleBinding>::all(reading.clone());
        let bindings = match within(READ, "RoleBindings", api.list(&ListParams::default())).await {
            Ok(bindings) => bindings.items,
            Err(error) if error.is_in_doubt() => return Err(error),
            Err(_) => vec![],
        };
        let of = |it: RoleBinding| {
            let namespace = it.metadata.namespace.unwrap_or_default();
            let subjects = it.subjects.unwrap_or_default().into_iter();
            let accounts = subjects.filter(|it| it.kind == "ServiceAccount").map(move |it| {
                let of = it.namespace.unwrap_or_else(|| namespace.clone());
                (namespace.clone(), Account { namespace: of, name: it.name })
            });
            accounts.filter(|it| ours.contains(&&it.1)).collect::<Vec<_>>()
        };
        Ok(Self(bindings.into_iter().flat_map(of).collect()))
    }

    /// Where this account was given something, but at home: there it has nothing but the Lease.
    pub(super) fn of(&self, account: &Account) -> BTreeSet<String> {
        let mine =
            self.0.iter().filter(|(namespace, it)| it == account && *namespace != it.namespace);
        mine.map(|it| it.0.clone()).take(MOST).collect()
    }

    /// Where it is looked for rights that nobody of ours should have.
    pub(super) fn asked_in(
        &self,
        accounts: &Accounts,
        wanted: &RightsWanted<'_>,
    ) -> BTreeSet<String> {
        let homes = [&accounts.executor, &accounts.restorer].into_iter().flatten();
        let homes = homes.map(|it| it.namespace.clone());
        let lease = wanted.lease.map(|it| it.namespace.clone());
        let own = [ELSEWHERE.to_owned(), wanted.stop_namespace.to_owned()];
        let given = self.0.iter().map(|it| it.0.clone()).take(MOST);
        own.into_iter().chain(lease).chain(homes).chain(given).collect()
    }
}
