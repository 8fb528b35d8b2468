"""The web application: login, the workstation, review by keyboard."""
