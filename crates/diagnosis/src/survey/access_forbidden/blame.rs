//! Which binding, role or workload keeps an account from what it tried.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::rbac::v1::{PolicyRule, Subject as Bound};
use types::Subject;

use super::refusal::{Ask, Refusal};
use super::rule::{self, Lack};
use crate::Rights;
use crate::near_miss::near_miss;
use crate::survey::rights::{Binding, Role, bindings, comes_with_kubernetes, has, roles, shown};
use crate::survey::scene::{Scene, is_over, name, namespace};

/// Who names no account runs as this one.
const DEFAULT: &str = "default";

/// What would have to change.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Blame {
    /// The object.
    pub(super) about: Subject,
    /// Its field.
    pub(super) field: String,
    /// What stands there.
    pub(super) value: String,
    /// How it comes to that, as the beginning of a sentence.
    pub(super) why: String,
}

/// What the roles and bindings say about a refusal.
pub(super) enum Answer {
    /// It is allowed by now.
    Allowed,
    /// This is why.
    Because(Blame),
    /// Nothing of it.
    Unknown,
}

/// Everything that is known of who may do what.
pub(super) struct Known<'a> {
    roles: BTreeMap<Subject, Role<'a>>,
    bindings: Vec<Binding<'a>>,
    /// Whether both kinds of roles were read.
    is_whole: bool,
    /// The accounts; `None` where they could not be read.
    accounts: Option<BTreeSet<(&'a str, &'a str)>>,
    /// The accounts that pods run as.
    used: BTreeSet<(&'a str, &'a str)>,
}

impl<'a> Known<'a> {
    pub(super) fn new(rights: &'a Rights, scene: &Scene<'a>) -> Self {
        let accounts = scene.all.service_accounts.as_ref();
        let pods = scene.all.pods.iter().filter(|it| !is_over(it));
        let used = pods.filter_map(|it| {
            let account = it.spec.as_ref()?.service_account_name.as_deref()?;
            Some((namespace(&it.metadata), account))
        });
        Self {
            roles: roles(rights),
            bindings: bindings(rights),
            is_whole: rights.roles.is_some() && rights.cluster_roles.is_some(),
            accounts: accounts.map(|it| {
                it.iter().map(|it| (namespace(&it.metadata), name(&it.metadata))).collect()
            }),
            used: used.collect(),
        }
    }

    /// What is to blame for a refusal, the surest first; `user` is the workload that was refused it and the field that
    /// names its account.
    pub(super) fn answer(&self, refusal: &Refusal, user: Option<&(Subject, String)>) -> Answer {
        let Some(ask) = &refusal.asked else { return Answer::Unknown };
        let who = &refusal.account;
        let allows = |it: &&Binding<'_>| reaches(it, ask) && self.allows(it, ask);
        let mut allowing = self.bindings.iter().filter(allows);
        if allowing.any(|it| it.bound.iter().any(|it| is_it(it, who))) {
            return Answer::Allowed;
        }
        let blame = self
            .without_role(who, ask)
            .or_else(|| self.stray(who, ask))
            .or_else(|| self.elsewhere(who, ask))
            .or_else(|| self.short(who, ask))
            .or_else(|| self.other_account(who, ask, user?))
            .or_else(|| self.only(who, ask));
        blame.map_or(Answer::Unknown, Answer::Because)
    }

    fn allows(&self, binding: &Binding<'_>, ask: &Ask) -> bool {
        let role = self.roles.get(&binding.role());
        role.is_some_and(|it| it.rules.iter().any(|it| rule::allows(it, ask)))
    }

    /// The bindings that give something to this account by its name.
    fn own<'s>(&'s self, who: &'s Subject) -> impl Iterator<Item = &'s Binding<'a>> {
        self.bindings.iter().filter(|it| it.bound.iter().any(|it| is_named(it, who)))
    }

    /// A binding of the account whose role is not there.
    fn without_role(&self, who: &Subject, ask: &Ask) -> Option<Blame> {
        let is_lost = |it: &&Binding<'_>| {
            self.is_whole && reaches(it, ask) && !self.roles.contains_key(&it.role())
        };
        let binding = self.own(who).find(is_lost)?;
        let role = binding.role();
        let same =
            self.roles.keys().filter(|it| it.kind == role.kind && it.namespace == role.namespace);
        let near = near_miss(&role.name, same.map(|it| it.name.as_str()));
        let other = if role.kind == "Role" { "ClusterRole" } else { "Role" };
        let space = if other == "Role" { &*binding.about.namespace } else { "" };
        let is_other = self.roles.contains_key(&Subject::new(other, space, &*role.name));
        let (field, value, meant) = match near {
            Some(near) => {
                ("name", &binding.role.name, format!("; there is {near}, which was probably meant"))
            }
            None if is_other => (
                "kind",
                &binding.role.kind,
                format!("; there is a {other} of this name, which was probably meant"),
            ),
            None => ("name", &binding.role.name, String::new()),
        };
        Some(Blame {
            field: format!("/roleRef/{field}"),
            value: value.clone(),
            why: format!("It gives {who} {role}, which is not there{meant}"),
            about: binding.about.clone(),
        })
    }

    /// A binding that would allow it and whose subject is nobody, but nearly this account.
    fn stray(&self, who: &Subject, ask: &Ask) -> Option<Blame> {
        let fits = self.bindings.iter().filter(|it| reaches(it, ask) && self.allows(it, ask));
        let mut found = fits.filter_map(|binding| {
            let mut bound = binding.bound.iter().enumerate();
            let (index, member) = bound.find_map(|(at, it)| Some((at, self.nearly(it, who)?)))?;
            let named = binding.bound.get(index)?;
            let value = match member {
                "name" => named.name.clone(),
                "namespace" => named.namespace.clone().unwrap_or_default(),
                _ => named.kind.clone(),
            };
            let nobody =
                if member == "kind" { "which is no account" } else { "which is not there" };
            Some(Blame {
                about: binding.about.clone(),
                field: format!("/subjects/{index}/{member}"),
                value,
                why: format!(
                    "It gives {} to {}, {nobody}; there is {who}, which was probably meant",
                    binding.role(),
                    shown(named)
                ),
            })
        });
        found.next()
    }

    /// The member of a binding's subject by which it misses this account.
    fn nearly(&self, bound: &Bound, who: &Subject) -> Option<&'static str> {
        let space = bound.namespace.as_deref().unwrap_or_default();
        let whole = format!("{}:{}", who.namespace, who.name);
        if bound.kind == "User" {
            let is_meant = bound.name == who.name || bound.name == whole;
            // A person may have the name of an account; not that of its namespace before it.
            return (is_meant && who.name != DEFAULT).then_some("kind");
        }
        let accounts = self.accounts.as_ref()?;
        if bound.kind != "ServiceAccount" || accounts.contains(&(space, &*bound.name)) {
            return None;
        }
        if bound.name == who.name && space != who.namespace && who.name != DEFAULT {
            return Some("namespace");
        }
        let is_near = space == who.namespace && near_miss(&bound.name, [&*who.name]).is_some();
        is_near.then_some("name")
    }

    /// The account has a role that allows it, and has it where it is of no use.
    fn elsewhere(&self, who: &Subject, ask: &Ask) -> Option<Blame> {
        let binding = self.own(who).find(|it| !reaches(it, ask) && self.allows(it, ask))?;
        let space = &binding.about.namespace;
        let (field, value, end) = match &ask.namespace {
            Some(_) => ("/metadata/namespace", space.clone(), ""),
            None => (
                "/kind",
                binding.about.kind.clone(),
                "; the whole cluster takes a ClusterRoleBinding",
            ),
        };
        Some(Blame {
            field: field.to_owned(),
            value,
            why: format!("It gives {} to {who} in namespace {space} only{end}", binding.role()),
            about: binding.about.clone(),
        })
    }

    /// A rule of a role of the account allows nearly that.
    fn short(&self, who: &Subject, ask: &Ask) -> Option<Blame> {
        let bound = self.own(who).filter(|it| reaches(it, ask));
        let mut short: Vec<_> = bound
            .filter_map(|binding| {
                let role = self.roles.get(&binding.role())?;
                let rules = role.rules.iter().enumerate();
                let (index, lack) = rules
                    .filter_map(|it| Some((it.0, rule::lack(it.1, ask)?)))
                    .min_by_key(|it| (it.1.rank(), it.0))?;
                Some((lack, index, binding, role))
            })
            .collect();
        short.sort_by_key(|it| (it.0.rank(), &it.2.about));
        let (lack, index, binding, role) = short.into_iter().next()?;
        // What comes with Kubernetes says what it should: then another role was needed.
        if comes_with_kubernetes(role.metadata) {
            return Some(too_little(binding, who));
        }
        let Lack { member, has, words } = lack;
        let rule = format!("/rules/{index}");
        Some(Blame {
            about: role.about.clone(),
            field: format!("{rule}/{member}"),
            value: has,
            why: format!("Its rule for {who} {words}"),
        })
    }

    /// The workload runs as the wrong account: it names none, or nearly that of just one other of its namespace
    /// that may do that and as which nobody runs.
    fn other_account(
        &self,
        who: &Subject,
        ask: &Ask,
        (user, field): &(Subject, String),
    ) -> Option<Blame> {
        let space = who.namespace.as_str();
        let accounts = self.accounts.as_ref()?;
        let fits = self.bindings.iter().filter(|it| reaches(it, ask) && self.is_for(it, ask));
        let bound = fits
            .flat_map(|it| it.bound)
            .filter(|it| it.kind == "ServiceAccount" && it.namespace.as_deref() == Some(space));
        let others: BTreeSet<_> = bound.map(|it| it.name.as_str()).collect();
        let mut free = others.into_iter().filter(|it| {
            let is_near = who.name == DEFAULT || near_miss(&who.name, [*it]).is_some();
            is_near && accounts.contains(&(space, it)) && !self.used.contains(&(space, it))
        });
        let meant = free.next().filter(|_| free.next().is_none())?;
        let begin = if who.name == DEFAULT { "It names no account and so" } else { "It" };
        Some(Blame {
            about: user.clone(),
            field: field.clone(),
            value: who.name.clone(),
            why: format!(
                "{begin} runs as {who}; there is {meant}, which may do what is tried and was probably meant"
            ),
        })
    }

    /// Whether a binding gives a role that was written for such objects: one with all rights was made for somebody
    /// else.
    fn is_for(&self, binding: &Binding<'_>, ask: &Ask) -> bool {
        let names = |it: &PolicyRule| has(it.resources.as_ref(), &ask.resource);
        let role = self.roles.get(&binding.role());
        role.filter(|it| !comes_with_kubernetes(it.metadata))
            .is_some_and(|it| it.rules.iter().any(|it| names(it) && rule::allows(it, ask)))
    }

    /// The one role of the account says nothing about such objects.
    fn only(&self, who: &Subject, ask: &Ask) -> Option<Blame> {
        let mut bound = self.own(who).filter(|it| reaches(it, ask));
        let only = bound.next().filter(|_| bound.next().is_none())?;
        let role = self.roles.get(&only.role())?;
        if comes_with_kubernetes(role.metadata) {
            return Some(too_little(only, who));
        }
        Some(Blame {
            about: role.about.clone(),
            field: "/rules".to_owned(),
            value: rule::shown(role.rules),
            why: format!("It is all that {who} has"),
        })
    }
}

/// A role that comes with Kubernetes allows less than what is tried.
fn too_little(binding: &Binding<'_>, who: &Subject) -> Blame {
    Blame {
        about: binding.about.clone(),
        field: "/roleRef/name".to_owned(),
        value: binding.role.name.clone(),
        why: format!("It gives {} to {who}, which is too little", binding.role()),
    }
}

/// Whether a binding counts where this is asked.
fn reaches(binding: &Binding<'_>, ask: &Ask) -> bool {
    let space = &binding.about.namespace;
    space.is_empty() || ask.namespace.as_ref() == Some(space)
}

/// Whether this is the account by its name.
fn is_named(bound: &Bound, who: &Subject) -> bool {
    match bound.kind.as_str() {
        "ServiceAccount" => {
            bound.name == who.name && bound.namespace.as_deref() == Some(&*who.namespace)
        }
        "User" => bound.name == format!("system:serviceaccount:{}:{}", who.namespace, who.name),
        _ => false,
    }
}

/// Whether this is the account, or a group that it is in.
fn is_it(bound: &Bound, who: &Subject) -> bool {
    let of_group = || {
        let space = bound.name.strip_prefix("system:serviceaccounts:");
        matches!(bound.name.as_str(), "system:serviceaccounts" | "system:authenticated")
            || space == Some(&*who.namespace)
    };
    is_named(bound, who) || bound.kind == "Group" && of_group()
}
