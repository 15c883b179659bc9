//! What rules look up by namespace, gathered once a survey when the first of them asks: a cluster has thousands of
//! each, and whoever walked all of them for each pod or Service would walk for seconds.

use std::collections::BTreeMap;

use k8s_openapi::Metadata;
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Service;
use k8s_openapi::api::discovery::v1::EndpointSlice;
use k8s_openapi::api::networking::v1::NetworkPolicy;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::{Scene, name, namespace};
use crate::survey::words::entry;
use crate::{Root, Snapshot};

/// Names the Service of a slice.
const OF_SERVICE: &str = "kubernetes.io/service-name";

/// Where the objects of a namespace stand in the snapshot.
type Spaces = BTreeMap<String, Vec<usize>>;

/// The objects of each namespace, and the slices of each Service, by where they stand in the snapshot.
pub(super) struct Near {
    workloads: Spaces,
    jobs: Spaces,
    services: Spaces,
    policies: Spaces,
    autoscalers: Spaces,
    slices: Spaces,
    slices_of: BTreeMap<String, Spaces>,
}

impl Near {
    pub(super) fn of(all: &Snapshot) -> Self {
        let mut slices_of: BTreeMap<_, Spaces> = BTreeMap::new();
        for (place, slice) in all.endpoint_slices.iter().flatten().enumerate() {
            let meta = &slice.metadata;
            let Some(service) = entry(meta.labels.as_ref(), OF_SERVICE) else { continue };
            let here = slices_of.entry(namespace(meta).to_owned()).or_default();
            here.entry(service.to_owned()).or_default().push(place);
        }
        Self {
            workloads: spaces(all.workloads.iter().map(Root::metadata)),
            jobs: spaces(all.jobs.iter().map(|it| &it.metadata)),
            services: spaces(all.services.iter().flatten().map(Metadata::metadata)),
            policies: spaces(all.network_policies.iter().flatten().map(Metadata::metadata)),
            autoscalers: spaces(all.autoscalers.iter().flatten().map(Metadata::metadata)),
            slices: spaces(all.endpoint_slices.iter().flatten().map(Metadata::metadata)),
            slices_of,
        }
    }
}

fn spaces<'m>(all: impl Iterator<Item = &'m ObjectMeta>) -> Spaces {
    let mut spaces = Spaces::new();
    for (place, metadata) in all.enumerate() {
        match spaces.get_mut(namespace(metadata)) {
            Some(places) => places.push(place),
            None => {
                spaces.insert(namespace(metadata).to_owned(), vec![place]);
            }
        }
    }
    spaces
}

/// The objects at these places.
fn at<'s, 'a: 's, K>(
    places: Option<&'s Vec<usize>>,
    all: &'a [K],
) -> impl Iterator<Item = &'a K> + Clone + use<'s, 'a, K> {
    places.into_iter().flatten().filter_map(|it| all.get(*it))
}

impl<'a> Scene<'a> {
    fn near(&self) -> &Near {
        self.near.get_or_init(|| Near::of(self.all))
    }

    /// The root owners of a namespace.
    pub(in crate::survey) fn workloads(
        &self,
        namespace: &str,
    ) -> impl Iterator<Item = &'a Root> + Clone + use<'_, 'a> {
        at(self.near().workloads.get(namespace), &self.all.workloads)
    }

    /// The jobs of a namespace, those of CronJobs among them.
    pub(in crate::survey) fn jobs(
        &self,
        namespace: &str,
    ) -> impl Iterator<Item = &'a Job> + Clone + use<'_, 'a> {
        at(self.near().jobs.get(namespace), &self.all.jobs).map(|it| &**it)
    }

    /// The Services of a namespace.
    pub(in crate::survey) fn services(
        &self,
        namespace: &str,
    ) -> impl Iterator<Item = &'a Service> + Clone + use<'_, 'a> {
        at(self.near().services.get(namespace), self.all.services.as_deref().unwrap_or_default())
    }

    /// The network policies of a namespace.
    pub(in crate::survey) fn policies(
        &self,
        namespace: &str,
    ) -> impl Iterator<Item = &'a NetworkPolicy> + Clone + use<'_, 'a> {
        at(
            self.near().policies.get(namespace),
            self.all.network_policies.as_deref().unwrap_or_default(),
        )
    }

    /// The autoscalers of a namespace.
    pub(in crate::survey) fn autoscalers(
        &self,
        namespace: &str,
    ) -> impl Iterator<Item = &'a HorizontalPodAutoscaler> + Clone + use<'_, 'a> {
        at(
            self.near().autoscalers.get(namespace),
            self.all.autoscalers.as_deref().unwrap_or_default(),
        )
    }

    /// The endpoint slices of a namespace.
    pub(in crate::survey) fn slices(
        &self,
        namespace: &str,
    ) -> impl Iterator<Item = &'a EndpointSlice> + Clone + use<'_, 'a> {
        at(
            self.near().slices.get(namespace),
            self.all.endpoint_slices.as_deref().unwrap_or_default(),
        )
    }

    /// The endpoint slices that name this Service.
    pub(in crate::survey) fn slices_of(
        &self,
        service: &ObjectMeta,
    ) -> impl Iterator<Item = &'a EndpointSlice> + Clone + use<'_, 'a> {
        let here = self.near().slices_of.get(namespace(service));
        let places = here.and_then(|it| it.get(name(service)));
        at(places, self.all.endpoint_slices.as_deref().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::Redactor;

    fn service(space: &str, own: &str) -> Service {
        let metadata = ObjectMeta {
            namespace: Some(space.to_owned()),
            name: Some(own.to_owned()),
            ..ObjectMeta::default()
        };
        Service { metadata, ..Service::default() }
    }

    fn slice(space: &str, own: &str, of: Option<&str>) -> EndpointSlice {
        let labels = of.map(|it| [(OF_SERVICE.to_owned(), it.to_owned())].into());
        let metadata = ObjectMeta { labels, ..service(space, own).metadata };
        EndpointSlice { metadata, ..EndpointSlice::default() }
    }

    #[test]
    fn what_is_near_is_of_the_namespace_and_in_the_order_of_the_snapshot() {
        let services = [("shop", "b"), ("shop-two", "c"), ("shop", "a")];
        let slices = [("shop", "a-1", Some("a")), ("web", "a-2", Some("a")), ("shop", "x", None)];
        let all = Snapshot {
            services: Some(services.map(|it| service(it.0, it.1)).into()),
            endpoint_slices: Some(slices.map(|it| slice(it.0, it.1, it.2)).into()),
            ..Snapshot::at(Timestamp::UNIX_EPOCH, "test")
        };
        let redactor = Redactor::new([0; 32]);
        let scene = Scene::new(&all, vec![], &redactor);

        let named = |it: &ObjectMeta| name(it).to_owned();
        let services =
            |it: &str| -> Vec<_> { scene.services(it).map(|it| named(&it.metadata)).collect() };
        assert_eq!(services("shop"), ["b", "a"]);
        assert_eq!(services("absent"), [""; 0]);
        let slices: Vec<_> = scene.slices("shop").map(|it| named(&it.metadata)).collect();
        assert_eq!(slices, ["a-1", "x"]);
        let of = service("shop", "a").metadata;
        let slices: Vec<_> = scene.slices_of(&of).map(|it| named(&it.metadata)).collect();
        assert_eq!(slices, ["a-1"]);
        assert_eq!(scene.policies("shop").count(), 0);
    }
}
