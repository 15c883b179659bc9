//! Putting the parts together: settings in, a running service out.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use actix_web::middleware::from_fn;
use actix_web::{App, HttpServer, web};
use anyhow::{Context, Result};
use jiff::Timestamp;
use secrecy::SecretString;
use service::auth::Tokens;
use service::lock::Lock;

use crate::agent::{Agent, HttpAgent};
use crate::config::Config;
use crate::http::Services;
use crate::llm::{Counsel, Guarded, OpenAi};
use crate::memory::Memory;
use crate::metrics::Meters;
use crate::store::Store;
use crate::{Parts, Reflexion};

/// Threads that answer requests: they only wait, for the store and for agents.
const WORKERS: usize = 2;
/// How long a request that is being answered may still take when the service stops, in seconds.
const GRACE_SECS: u64 = 5;

/// A service that listens.
pub struct Running {
    /// Where it listens; the port is the real one.
    pub address: SocketAddr,
    /// What is running.
    pub reflexion: Reflexion,
    server: actix_web::dev::Server,
    /// Given back last.
    lock: Lock,
}

impl Running {
    /// Serves until `stop` ends, then finishes what is being answered and closes the knowledge base.
    pub async fn until(self, stop: impl Future<Output = &'static str>) -> Result<()> {
        let handle = self.server.handle();
        let served = tokio::spawn(self.server);
        let reason = stop.await;
        tracing::info!(reason, "stopping");
        handle.stop(true).await;
        served.await.context("the server failed")?.context("the server failed")?;
        self.reflexion.memory.store.close().await;
        drop(self.lock);
        Ok(())
    }
}

/// Opens the knowledge base, begins to follow the agents, and listens.
pub async fn start(config: &Config) -> Result<Running> {
    let tokens = tokens(config)?;
    service::listen::check(config.listen, tokens.is_set(), config.allow_insecure_listen)?;
    let agents = agents(config)?;
    let meters = Meters::default();
    let counsel = counsel(config, &meters)?;
    let listener = service::listen::bind(config.listen)?;
    let lock = service::lock::data_folder(&config.data)?;
    let opened = Store::open(&config.data, Timestamp::now()).await?;
    let damaged = opened.quarantined.map(|it| {
        tracing::error!(file = %it.display(), "the knowledge base was damaged and set aside; learning begins anew");
        format!("was damaged and began empty; the old file is {}", it.display())
    });
    let memory = Memory::load(opened.store).await?;
    let depth = config.set_depth();
    let reflexion =
        Reflexion::new(Parts { memory, agents, counsel, depth, damaged, meters }).await?;
    let (address, server) = listen(listener, Services::new(reflexion.clone(), tokens))?;
    reflexion.watch_knowledge();
    if config.follow {
        reflexion.follow();
    } else {
        reflexion.watch();
    }
    Ok(Running { address, reflexion, server, lock })
}

fn listen(
    listener: TcpListener,
    services: Services,
) -> Result<(SocketAddr, actix_web::dev::Server)> {
    let address = listener.local_addr().context("no address is listened on")?;
    let server = HttpServer::new(move || {
        let services = services.clone();
        App::new()
            .wrap(from_fn(service::head::answer))
            .wrap(from_fn(service::origin::check))
            .wrap(from_fn(service::metrics::count))
            .configure(move |it| services.install(it))
            .default_service(web::to(service::problem::not_found))
    })
    .workers(WORKERS)
    .shutdown_timeout(GRACE_SECS)
    .client_request_timeout(service::listen::HEADER_TIME)
    .keep_alive(service::listen::KEEP_ALIVE)
    .disable_signals()
    .listen(listener)
    .context("the server cannot begin")?;
    Ok((address, server.run()))
}

fn tokens(config: &Config) -> Result<Tokens> {
    Ok(match &config.tokens_file {
        Some(path) => Tokens::load(path)?,
        None => Tokens::none(),
    })
}

fn agents(config: &Config) -> Result<Vec<Arc<dyn Agent>>> {
    let token = match &config.agent_token_file {
        Some(path) => {
            let text = std::fs::read_to_string(path)
                .with_context(|| format!("the agent's token {} cannot be read", path.display()))?;
            Some(SecretString::from(text.trim()))
        }
        None => None,
    };
    let mut res: Vec<Arc<dyn Agent>> = vec![];
    for url in config.agents() {
        let agent = HttpAgent::new(&url, token.clone())?;
        res.push(Arc::new(agent.with_token_of(config.agent_token_file.clone())));
    }
    Ok(res)
}

fn counsel(config: &Config, meters: &Meters) -> Result<Option<Counsel>> {
    if !config.has_model() {
        return Ok(None);
    }
    let base_url = config.openai_base_url.as_deref().filter(|it| !it.trim().is_empty());
    let model = OpenAi::new(base_url, config.openai_api_key.as_ref(), &config.openai_model)?;
    let guarded = Guarded::new(Arc::new(model), config.model_calls_per_hour);
    Ok(Some(Counsel::new(Arc::new(guarded), meters.clone())))
}
