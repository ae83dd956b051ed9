"""`make picture`: a picture of the CloudWatch dashboard, drawn from the recorded metrics of a simulated day."""
