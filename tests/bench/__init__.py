"""What a watch costs, how late it is and how fast its Lambda function starts, beside what people use instead."""
