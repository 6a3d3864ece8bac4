//! The broker that is kept running in a container, through the engine's API.

use recording::NotChecked;

#[cfg(not(feature = "docker"))]
use crate::brokers::{Broker, docker::without_client};

#[cfg(not(feature = "docker"))]
pub(super) async fn up_docker(_container: &str, _image: &str, _port: u16) -> Result<Broker, NotChecked> {
    Err(without_client())
}

#[cfg(not(feature = "docker"))]
pub(super) async fn ask_docker(_container: &str, _arguments: &[&str]) -> Result<String, NotChecked> {
    Err(without_client())
}

#[cfg(not(feature = "docker"))]
pub(super) async fn docker_logs(_container: &str) -> Result<String, NotChecked> {
    Err(without_client())
}

#[cfg(feature = "docker")]
pub(super) use with_client::{ask_docker, docker_logs, up_docker};

#[cfg(feature = "docker")]
mod with_client {
    use testcontainers::bollard::{
        container::LogOutput,
        exec::{CreateExecOptions, StartExecResults},
        query_parameters::LogsOptionsBuilder,
    };
    use tokio_stream::StreamExt;

    use super::NotChecked;
    use crate::{
        activity::busy,
        brokers::{Broker, docker::client, engine},
    };

    pub(in crate::brokers::persistent) async fn up_docker(
        container: &str,
        image: &str,
        port: u16,
    ) -> Result<Broker, NotChecked> {
        let _busy = busy(&format!("starting RabbitMQ in a container ({image})"));
        engine::remove(container).await.map_err(|message| trouble(&message))?;
        // The container stays: `broker down` removes it by its name.
        client::launch(image, container, "warm", port).await
    }

    pub(in crate::brokers::persistent) async fn ask_docker(
        container: &str,
        arguments: &[&str],
    ) -> Result<String, NotChecked> {
        let asked = async {
            let docker = engine::engine().await?;
            let options = CreateExecOptions {
                cmd: Some([&["rabbitmqctl"], arguments].concat()),
                attach_stdout: Some(true),
                attach_stderr: Some(true),
                ..Default::default()
            };
            let exec = docker.create_exec(container, options).await?;
            let mut printed = String::new();
            if let StartExecResults::Attached { mut output, .. } = docker.start_exec(&exec.id, None).await? {
                while let Some(part) = output.next().await {
                    printed.push_str(&text(part?));
                }
            }
            Ok::<_, Box<dyn std::error::Error>>(printed)
        };
        asked
            .await
            .map_err(|error| trouble(&format!("rabbitmqctl could not be run in the container {container}: {error}")))
    }

    pub(in crate::brokers::persistent) async fn docker_logs(container: &str) -> Result<String, NotChecked> {
        let read = async {
            let options = LogsOptionsBuilder::default().stdout(true).stderr(true).build();
            let mut logs = engine::engine().await?.logs(container, Some(options));
            let mut log = String::new();
            while let Some(part) = logs.next().await {
                log.push_str(&text(part?));
            }
            Ok::<_, Box<dyn std::error::Error>>(log)
        };
        read.await.map_err(|error| trouble(&format!("the log of the container {container} can't be read: {error}")))
    }

    fn text(part: LogOutput) -> String {
        String::from_utf8_lossy(&part.into_bytes()).into_owned()
    }

    fn trouble(message: &str) -> NotChecked {
        NotChecked {
            message: format!("Docker: {message}."),
            hints: vec!["Check that the Docker engine answers: docker info".to_owned()],
        }
    }
}
