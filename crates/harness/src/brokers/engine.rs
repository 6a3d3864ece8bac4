//! The Docker engine, as far as containers have to be restarted and removed.

#[cfg(not(feature = "docker"))]
mod client {
    pub async fn restart(name: &str) -> Result<(), String> {
        remove(name).await
    }

    pub async fn remove(name: &str) -> Result<(), String> {
        Err(format!("the container {name} needs a checker built with --features docker"))
    }
}

#[cfg(feature = "docker")]
mod client {
    use testcontainers::{
        bollard::{
            Docker,
            errors::Error as EngineError,
            query_parameters::{RemoveContainerOptionsBuilder, RestartContainerOptionsBuilder},
        },
        core::client::{ClientError, docker_client_instance},
    };
    use tokio::sync::{RwLock, RwLockReadGuard};

    /// How long a broker may take to stop by itself, in seconds.
    const STOPPING: i32 = 4;

    /// Who makes a container reads, who removes one writes: an engine that was asked for a container makes it, also when
    /// nobody waits for it any more, and until it is made it can't be removed.
    static MAKING: RwLock<()> = RwLock::const_new(());

    /// A container is being made, for as long as this is held.
    pub async fn making() -> RwLockReadGuard<'static, ()> {
        MAKING.read().await
    }

    /// Restarts a container: its broker gets some seconds to stop by itself.
    pub async fn restart(name: &str) -> Result<(), String> {
        let failed = |error: &dyn std::fmt::Display| format!("the container {name} does not restart: {error}");
        let docker = engine().await.map_err(|error| failed(&error))?;
        let options = RestartContainerOptionsBuilder::default().t(STOPPING).build();
        docker.restart_container(name, Some(options)).await.map_err(|error| failed(&error))
    }

    /// Removes a container; one that isn't there counts as removed.
    pub async fn remove(name: &str) -> Result<(), String> {
        let failed = |error: &dyn std::fmt::Display| format!("the container {name} could not be removed: {error}");
        let docker = engine().await.map_err(|error| failed(&error))?;
        let _none_is_made = MAKING.write().await;
        let options = RemoveContainerOptionsBuilder::default().force(true).v(true).build();
        match docker.remove_container(name, Some(options)).await {
            Ok(()) | Err(EngineError::DockerResponseServerError { status_code: 404, .. }) => Ok(()),
            // It is being removed already.
            Err(EngineError::DockerResponseServerError { status_code: 409, .. }) => Ok(()),
            Err(error) => Err(failed(&error)),
        }
    }

    /// The engine, found where testcontainers finds it.
    pub async fn engine() -> Result<Docker, ClientError> {
        docker_client_instance().await
    }
}

#[cfg(feature = "docker")]
pub(super) use client::{engine, making};
pub(crate) use client::{remove, restart};
