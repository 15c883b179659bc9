//! Metrics in the text format that Prometheus reads, and the count of requests.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::{HttpResponse, get, web};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

use crate::problem::Failure;

/// One kind of request.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct RequestLabels {
    /// `GET`, `POST`, …
    pub method: String,
    /// The route's pattern, never the path: paths hold names, and names are without bound.
    pub route: String,
    /// The status code.
    pub status: u16,
}

/// The metrics of a service.
#[derive(Clone)]
pub struct Metrics {
    registry: Arc<Mutex<Registry>>,
    /// Requests answered.
    pub requests: Family<RequestLabels, Counter>,
    seconds: Histogram,
}

impl Metrics {
    /// Metrics whose names begin with `prefix`, such as `agent`.
    pub fn new(prefix: &str) -> Self {
        let mut registry = Registry::with_prefix(prefix);
        let requests = Family::<RequestLabels, Counter>::default();
        // From a quarter of a millisecond to about eight seconds.
        let seconds = Histogram::new(exponential_buckets(0.000_25, 2.0, 16));
        let up = Gauge::<i64>::default();
        up.set(1);
        registry.register("http_requests", "Requests answered", requests.clone());
        registry.register("http_request_seconds", "Time to answer", seconds.clone());
        registry.register("up", "1 while the process runs", up);
        Self { registry: Arc::new(Mutex::new(registry)), requests, seconds }
    }

    /// Lets `register` add metrics of the domain.
    pub fn registry(&self, register: impl FnOnce(&mut Registry)) {
        register(&mut self.registry.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// All metrics as text.
    pub fn encode(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.registry.lock().unwrap_or_else(PoisonError::into_inner))?;
        Ok(text)
    }
}

/// Counts each request and its time; for `actix_web::middleware::from_fn`.
pub async fn count<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, actix_web::Error> {
    let started = Instant::now();
    let method = request.method().to_string();
    let response = next.call(request).await?;
    if let Some(metrics) = response.request().app_data::<web::Data<Metrics>>() {
        let pattern = response.request().match_pattern().unwrap_or_else(|| "none".to_owned());
        let status = response.status().as_u16();
        let labels = RequestLabels { method, route: pattern, status };
        metrics.requests.get_or_create(&labels).inc();
        metrics.seconds.observe(started.elapsed().as_secs_f64());
    }
    Ok(response)
}

/// Serves `GET /metrics`.
pub fn mount(config: &mut web::ServiceConfig) {
    config.service(route);
}

/// `GET /metrics`
#[get("/metrics")]
async fn route(metrics: web::Data<Metrics>) -> Result<HttpResponse, Failure> {
    let text = metrics.encode().map_err(|error| {
        Failure::new(500, "metrics", error.to_string(), "this is a bug: report it")
    })?;
    Ok(HttpResponse::Ok()
        .content_type("application/openmetrics-text; version=1.0.0; charset=utf-8")
        .body(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_counted_under_its_route() {
        let metrics = Metrics::new("agent");
        let labels =
            RequestLabels { method: "GET".to_owned(), route: "/x/{id}".to_owned(), status: 200 };

        metrics.requests.get_or_create(&labels).inc();

        let text = metrics.encode().unwrap();
        let line = r#"agent_http_requests_total{method="GET",route="/x/{id}",status="200"} 1"#;
        assert!(text.contains(line), "{text}");
    }
}
