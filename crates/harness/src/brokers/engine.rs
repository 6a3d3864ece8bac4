//! The Docker engine: restarting and removing containers.

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

    /// The time limit for a broker to stop by itself, in seconds.
    const STOPPING: i32 = 4;

    /// Making a container holds the read lock, and removing one holds the write lock. The engine makes a requested container
    /// even if the request is dropped, and a container can't be removed before it is made.
    static MAKING: RwLock<()> = RwLock::const_new(());

    /// Returns the guard to hold while a container is being made.
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

    /// Removes a container. One that does not exist counts as removed.
    pub async fn remove(name: &str) -> Result<(), String> {
        let failed = |error: &dyn std::fmt::Display| format!("the container {name} could not be removed: {error}");
        let docker = engine().await.map_err(|error| failed(&error))?;
        let _none_is_made = MAKING.write().await;
        let options = RemoveContainerOptionsBuilder::default().force(true).v(true).build();
        match docker.remove_container(name, Some(options)).await {
            Ok(()) | Err(EngineError::DockerResponseServerError { status_code: 404, .. }) => Ok(()),
            // Its removal is already in progress.
            Err(EngineError::DockerResponseServerError { status_code: 409, .. }) => Ok(()),
            Err(error) => Err(failed(&error)),
        }
    }

    /// Returns the engine that testcontainers finds.
    pub async fn engine() -> Result<Docker, ClientError> {
        docker_client_instance().await
    }
}

#[cfg(feature = "docker")]
pub(super) use client::{engine, making};
pub(crate) use client::{remove, restart};
