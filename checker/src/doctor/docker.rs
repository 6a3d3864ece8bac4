//! Docker, by its command line, so that the Docker client need not be compiled.

use std::env;

use super::{
    Diagnosis,
    ask::{NoAnswer, ask},
};
use crate::brokers::docker;

/// Finds out whether Docker is installed, answers, and has an image.
pub(super) async fn docker() -> Vec<Diagnosis> {
    let asked = env::var("HELLO_RABBIT_IMAGE").ok().filter(|image| !image.is_empty());
    let (engine, image) = tokio::join!(
        ask("docker", &["version", "--format", "{{.Server.Version}}"]),
        docker::image_at_hand(asked.as_deref())
    );
    vec![judge(engine, asked.as_deref(), image.as_deref())]
}

fn judge(engine: Result<String, NoAnswer>, asked: Option<&str>, image: Option<&str>) -> Diagnosis {
    match engine {
        Ok(version) => match (image, asked) {
            (Some(image), _) if docker::is_older(image) => {
                let what = format!("Docker {version} answers, and has an older RabbitMQ, the image {image}");
                Diagnosis::ok("docker", what)
                    .fix(format!("Get RabbitMQ 4.3, which the kit is made for: docker pull {}", docker::OFFICIAL))
            }
            (Some(image), _) => Diagnosis::ok("docker", format!("Docker {version} answers, and has the image {image}")),
            (None, Some(asked)) => {
                let what =
                    format!("Docker {version} answers, but does not have the image in HELLO_RABBIT_IMAGE, {asked}");
                Diagnosis::warning("docker", what).fix(format!("Get it: docker pull {asked}"))
            }
            (None, None) => Diagnosis::ok("docker", format!("Docker {version} answers, but has no image of RabbitMQ"))
                .fix(format!("Get one to check on RabbitMQ in a container: docker pull {}", docker::OFFICIAL)),
        },
        Err(NoAnswer::NotThere) => Diagnosis::ok("docker", "Docker is not installed, and not needed"),
        Err(NoAnswer::NotStarted(why)) => Diagnosis::warning("docker", format!("docker can't be started: {why}")),
        Err(NoAnswer::Late) => {
            Diagnosis::warning("docker", "Docker is installed, but its engine takes too long to answer")
                .fix("Restart it, or use the embedded broker, which needs no Docker")
        }
        Err(NoAnswer::Failed(said)) if said.to_lowercase().contains("permission denied") => {
            Diagnosis::warning("docker", "Docker is installed, but you have no permission to use its engine")
                .fix("Join its group on Linux, and log in again: sudo usermod -aG docker $USER")
        }
        Err(NoAnswer::Failed(_)) => {
            let place = if env::var_os("DOCKER_HOST").is_some() { " at the address in DOCKER_HOST" } else { "" };
            Diagnosis::warning("docker", format!("Docker is installed, but no engine answers{place}"))
                .fix("Start Docker Desktop, or on Linux: sudo systemctl start docker")
                .fix("Or use the embedded broker, which needs no Docker")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::State;

    const OK: State = State::Ok;
    const WARNING: State = State::Warning;

    #[test]
    fn each_state_of_docker_is_distinguished() {
        let up = || Ok("28.2.2".to_owned());
        let failed = |said: &str| Err(NoAnswer::Failed(said.to_owned()));
        let states = [
            judge(up(), None, Some("rabbitmq:4.3.6-management")),
            judge(up(), None, Some("rabbitmq:3.13-management")),
            judge(up(), None, None),
            judge(up(), Some("mine"), None),
            judge(Err(NoAnswer::NotThere), None, None),
            judge(failed("permission denied while trying to connect to /var/run/docker.sock"), None, None),
            judge(failed("Cannot connect to the Docker daemon"), None, None),
        ];
        assert_eq!(states.clone().map(|finding| finding.state), [OK, OK, OK, WARNING, OK, WARNING, WARNING]);
        assert_eq!(states.clone().map(|finding| finding.fix.len()), [0, 1, 1, 1, 0, 1, 2]);
        assert!(states.iter().all(|finding| finding.state == OK || !finding.fix.is_empty()), "{states:?}");
    }
}
