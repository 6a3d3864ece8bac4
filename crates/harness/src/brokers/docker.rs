//! RabbitMQ in a container, by testcontainers.

use recording::NotChecked;
use std::{
    collections::BTreeMap,
    env,
    process::Stdio,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::{process::Command, time::timeout};

use crate::{brokers::Broker, owner::Run};

/// The official image, with the management plugin. The documents and the compose file name the same one, and a test says so.
pub const OFFICIAL: &str = "rabbitmq:4.3.6-management";

/// What `docker/build-image` makes, the newest first.
pub const BUILT: [&str; 3] = ["hello-rabbit/rabbitmq:4.3", "hello-rabbit/rabbitmq:4.0", "hello-rabbit/rabbitmq:3.10"];

/// What the name of an image ends with that `docker/build-image` makes as well, for tests: a RabbitMQ that permits what
/// upstream denies by default.
pub const PERMISSIVE: &str = "-permissive";

/// How long the engine may take to say whether an image is there.
const PATIENCE: Duration = Duration::from_secs(3);

/// The environment variable by which a checker tells the one that takes its place which image is at hand: asking takes a tenth of
/// a second.
const FOUND: &str = "HELLO_RABBIT_IMAGE_AT_HAND";

/// What was found for each image that was asked for. Whoever asks again in this process gets the same answer.
static ASKED: Mutex<BTreeMap<Option<String>, Option<String>>> = Mutex::new(BTreeMap::new());

/// The image to use, when the engine answers and has it: the one asked for, else the official one, else one built here. The engine
/// is asked once.
pub async fn image_at_hand(asked: Option<&str>) -> Option<String> {
    let key = asked.map(str::to_owned);
    let known = || ASKED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(found) = known().get(&key) {
        return found.clone();
    }
    let told = env::var(FOUND).ok().filter(|image| !image.is_empty() && asked.is_none_or(|asked| asked == image));
    let found = match told {
        Some(image) => Some(image),
        None => ask_for_image(asked).await,
    };
    known().insert(key, found.clone());
    found
}

/// What the checker that takes this one's place has to know: the image that was found, and where the engine is.
///
/// The command `docker` follows Docker contexts, and the Docker client follows `DOCKER_HOST` only: so where that is not set, it
/// is set to the current context's engine.
pub async fn handed_on() -> Vec<(&'static str, String)> {
    let found = ASKED.lock().unwrap_or_else(PoisonError::into_inner).values().flatten().next().cloned();
    let mut handed_on: Vec<(&str, String)> = found.map(|image| (FOUND, image)).into_iter().collect();
    if env::var_os("DOCKER_HOST").is_none()
        && let Some(host) = host_of_context().await
    {
        handed_on.push(("DOCKER_HOST", host));
    }
    handed_on
}

/// The address of the engine that the command `docker` talks to.
async fn host_of_context() -> Option<String> {
    let mut docker = Command::new("docker");
    docker.args(["context", "inspect", "--format", "{{.Endpoints.docker.Host}}"]);
    docker.stdin(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    let told = timeout(PATIENCE, docker.output()).await.ok()?.ok()?;
    let host = String::from_utf8_lossy(&told.stdout).trim().to_owned();
    (told.status.success() && host.contains("://")).then_some(host)
}

async fn ask_for_image(asked: Option<&str>) -> Option<String> {
    let candidates = match asked {
        Some(image) => vec![image],
        None => [&[OFFICIAL], &BUILT[..]].concat(),
    };
    let mut docker = Command::new("docker");
    docker.args(["image", "inspect", "--format", "{{join .RepoTags \"\\n\"}}"]).args(&candidates);
    docker.stdin(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    // It prints those that are there, and fails when one is not.
    let told = timeout(PATIENCE, docker.output()).await.ok()?.ok()?;
    let there = String::from_utf8_lossy(&told.stdout).into_owned();
    let there: Vec<&str> = there.lines().filter(|tag| !tag.is_empty()).collect();
    match asked {
        Some(image) => (!there.is_empty()).then(|| image.to_owned()),
        None => candidates.into_iter().find(|image| there.contains(image)).map(str::to_owned),
    }
}

/// Major and minor version in an image's tag, as in `rabbitmq:4.3.6-management`; None for a tag without one.
#[must_use]
pub fn version(image: &str) -> Option<(u32, u32)> {
    let (_, tag) = image.rsplit_once(':')?;
    let mut numbers = tag.split(['.', '-']).map(|part| part.parse().ok());
    Some((numbers.next()??, numbers.next()??))
}

/// Whether an image is of an older RabbitMQ than the official one that this kit is made for.
#[must_use]
pub fn is_older(image: &str) -> bool {
    version(image).is_some_and(|version| Some(version) < self::version(OFFICIAL))
}

/// The reason that a build without the Docker client gives.
#[cfg(not(feature = "docker"))]
pub(super) fn without_client() -> NotChecked {
    NotChecked {
        message: "This checker was built without its Docker client.".to_owned(),
        hints: vec!["Start it with cargo xtask, or build it with --features docker".to_owned()],
    }
}

#[cfg(not(feature = "docker"))]
mod client {
    use super::{Broker, NotChecked, Run};

    /// This build has no Docker client; [`crate::app`] starts the one that has before it comes to this.
    pub(super) async fn have(_image: &str) -> Result<(), NotChecked> {
        Err(super::without_client())
    }

    pub(super) async fn start(_image: &str, _run: &Run) -> Result<Broker, NotChecked> {
        Err(super::without_client())
    }
}

#[cfg(feature = "docker")]
pub(crate) mod client {
    use std::{collections::HashMap, mem::ManuallyDrop};

    use testcontainers::{
        ContainerRequest, CopyTargetOptions, GenericImage, ImageExt, TestcontainersError,
        bollard::{errors::Error as EngineError, models::PortBinding},
        core::IntoContainerPort,
        runners::AsyncRunner,
    };
    use tokio::time::Instant;

    use super::{Broker, NotChecked, Run};
    use crate::{
        brokers::{Own, START_PATIENCE, address::Address, engine, management::Management, ports},
        owner::Owned,
    };

    const CONF: &str = include_str!("../../../../docker/rabbitmq.conf");
    const PLUGINS: &str = include_str!("../../../../docker/enabled_plugins");

    /// The label that tells whose container it is.
    const LABEL: &str = "hello-rabbit.run";

    pub(super) async fn start(image: &str, run: &Run) -> Result<Broker, NotChecked> {
        // Where no engine answers, nothing can be left behind: so ask before the container is put on record.
        have(image).await?;
        let name = format!("hello-rabbit-{}", run.id());
        run.owns(&Owned::Container { name: name.clone() }).map_err(|error| NotChecked {
            message: format!("The container could not be written down: {error}."),
            hints: vec!["Is the disk full?".to_owned()],
        })?;
        let port = ports::free_pair().map_err(|error| NotChecked {
            message: format!("There is no port for the container: {error}."),
            hints: vec!["Use an installed RabbitMQ: --broker local".to_owned()],
        })?;
        let broker = launch(image, &name, run.id(), port).await?;
        Ok(Broker { own: Some(Own::Container(name)), ..broker })
    }

    /// The engine has the image, or gets it, which may take minutes.
    pub(super) async fn have(image: &str) -> Result<(), NotChecked> {
        let docker = engine::engine().await.map_err(|error| trouble(image, &error))?;
        match docker.inspect_image(image).await {
            Ok(_) => Ok(()),
            Err(EngineError::DockerResponseServerError { status_code: 404, .. }) => {
                let (repository, tag) = repository_and_tag(image);
                let pulled = GenericImage::new(repository, tag).pull_image().await;
                pulled.map(drop).map_err(|error| trouble(image, &error))
            }
            Err(error) => Err(trouble(image, &error)),
        }
    }

    /// Starts a container and waits until its broker is ready. `port` is the host's port for AMQP.
    ///
    /// The container is its caller's, by name, who has it on record: [remove](engine::remove) it, also when this fails. It can
    /// be dropped at any time; then there may be a container, or be going to be one, and `remove` knows of both.
    pub async fn launch(image: &str, name: &str, label: &str, port: u16) -> Result<Broker, NotChecked> {
        let deadline = Instant::now() + START_PATIENCE;
        let request = request(image, name, label, port);
        let making = engine::making().await;
        let start = tokio::spawn(async move {
            // Dropped, it would be removed from here, too, and who comes second may be told that it can't be removed.
            let started = request.start().await.map(ManuallyDrop::new);
            drop(making);
            started
        });
        let started = start.await.map_err(|error| NotChecked {
            message: format!("The start of a container of {image} was lost: {error}."),
            hints: vec!["Check again".to_owned()],
        })?;
        let container = started.map_err(|error| trouble(image, &error))?;
        let place = async {
            let host = container.get_host().await?.to_string();
            let amqp = container.get_host_port_ipv4(5672.tcp()).await?;
            let management = container.get_host_port_ipv4(15672.tcp()).await?;
            Ok::<_, TestcontainersError>((host, amqp, management))
        };
        let (host, amqp, management) = place.await.map_err(|error| trouble(image, &error))?;
        let host = if host == "localhost" { "127.0.0.1".to_owned() } else { host };
        let address = Address { host: host.clone(), port: amqp, ..Address::loopback(amqp) };
        let management =
            Management { url: format!("http://{host}:{management}"), user: "guest".into(), password: "guest".into() };
        let mut broker = Broker::greet("docker", image.to_owned(), address, None, deadline).await?;
        broker.management = management.allows_vhosts().await.is_ok().then_some(management);
        Ok(broker)
    }

    fn repository_and_tag(image: &str) -> (&str, &str) {
        match image.rsplit_once(':') {
            Some((repository, tag)) if !tag.contains('/') => (repository, tag),
            _ => (image, "latest"),
        }
    }

    fn request(image: &str, name: &str, label: &str, port: u16) -> ContainerRequest<GenericImage> {
        let (repository, tag) = repository_and_tag(image);
        GenericImage::new(repository, tag)
            .with_exposed_port(5672.tcp())
            .with_exposed_port(15672.tcp())
            .with_container_name(name)
            .with_label(LABEL, label)
            .with_startup_timeout(START_PATIENCE)
            .with_copy_to(
                CopyTargetOptions::new("/etc/rabbitmq/conf.d/90-hello-rabbit.conf").with_mode(0o644),
                CONF.as_bytes().to_vec(),
            )
            .with_copy_to(
                CopyTargetOptions::new("/etc/rabbitmq/enabled_plugins").with_mode(0o644),
                PLUGINS.as_bytes().to_vec(),
            )
            .with_host_config_modifier(move |host| {
                // On loopback only: guest/guest is nothing to show to a network.
                let on = |port: u16| {
                    Some(vec![PortBinding { host_ip: Some("127.0.0.1".into()), host_port: Some(port.to_string()) }])
                };
                host.publish_all_ports = Some(false);
                host.port_bindings = Some(HashMap::from([
                    ("5672/tcp".to_owned(), on(port)),
                    ("15672/tcp".to_owned(), on(port + ports::MANAGEMENT)),
                ]));
            })
    }

    fn trouble(image: &str, error: &dyn std::error::Error) -> NotChecked {
        // testcontainers tells the cause in its sources only.
        let mut message = format!("A container of {image} could not be started: {error}");
        let mut source = error.source();
        while let Some(cause) = source {
            let cause_text = cause.to_string();
            if !message.contains(&cause_text) {
                message.push_str(": ");
                message.push_str(&cause_text);
            }
            source = cause.source();
        }
        message.push('.');
        let hint = if message.contains("No such image") || message.contains("pull") {
            "Build an image from Debian packages: docker/build-image 4.3".to_owned()
        } else if message.contains("port is already allocated") || message.contains("address already in use") {
            "Another program has the port: stop it, or choose another with --port".to_owned()
        } else {
            "Does the engine answer? docker info tells; DOCKER_HOST says where it is".to_owned()
        };
        NotChecked { message, hints: vec![hint, "Or use an installed RabbitMQ: --broker local".to_owned()] }
    }
}

/// Starts a container for this run, and waits until its broker is ready.
pub(super) async fn start(image: Option<&str>, run: &Run) -> Result<Broker, NotChecked> {
    let image = choose(image).await;
    let _busy = crate::activity::busy(&format!("starting RabbitMQ in a container ({image})"));
    client::start(&image, run).await
}

/// The image to start: one at hand, else the one asked for or the official one, which the engine then pulls.
pub(super) async fn choose(asked: Option<&str>) -> String {
    match image_at_hand(asked).await {
        Some(image) => image,
        None => asked.unwrap_or(OFFICIAL).to_owned(),
    }
}

/// Makes sure that the engine answers and has the image, which it pulls if need be.
pub(super) async fn have(image: &str) -> Result<(), NotChecked> {
    client::have(image).await
}

/// What is said where there is no RabbitMQ: one line.
pub(super) fn real_thing() -> String {
    format!(
        "no RabbitMQ here, so it is the embedded broker; for the real thing: docker pull {}, or install rabbitmq-server",
        OFFICIAL
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_there_is_no_rabbitmq_one_line_says_how_to_get_it() {
        insta::assert_snapshot!(real_thing(), @"no RabbitMQ here, so it is the embedded broker; for the real thing: docker pull rabbitmq:4.3.6-management, or install rabbitmq-server");
    }

    #[test]
    fn an_image_of_an_older_rabbitmq_is_told_by_its_tag() {
        for older in ["rabbitmq:3.13-management", "rabbitmq:4.0.5", BUILT[1], BUILT[2], "host:5000/rabbitmq:4.2.1"] {
            assert!(is_older(older), "{older}");
        }
        for other in [OFFICIAL, BUILT[0], "rabbitmq:4.3", "rabbitmq:5.0", "rabbitmq", "rabbitmq:latest", "rabbitmq:4"] {
            assert!(!is_older(other), "{other}");
        }
    }
}
