//! The sandbox carrier from outside: through its port and its program interface, next to the sandbox channel.

#[cfg(test)]
mod carrier {
    mod sandbox;
}
