"""What every service shares: Kafka, processes, errors; nothing about news."""
