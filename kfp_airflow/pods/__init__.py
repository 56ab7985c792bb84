"""Steps as pods: the manifest, the helper container that holds the files, and the streams to it."""
