"""Where the bytes of outputs are kept."""
