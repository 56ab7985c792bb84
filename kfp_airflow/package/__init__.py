"""Graphs as KFP packages (Argo workflows), and packages as graphs."""
