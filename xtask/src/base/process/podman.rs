//! What every call of podman needs, whatever runs in the container.

/// The variables by which podman finds its configuration, its images and, without root, the session of its user.
pub const PODMAN_VARIABLES: [&str; 9] = [
    "HOME",
    "TMPDIR",
    "XDG_RUNTIME_DIR",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "DBUS_SESSION_BUS_ADDRESS",
    "CONTAINERS_CONF",
    "CONTAINERS_STORAGE_CONF",
    "CONTAINERS_REGISTRIES_CONF",
];

/// The seconds after the time limit of a job at which podman itself ends a container that nobody removed.
pub const TIMEOUT_SLACK: u64 = 60;
