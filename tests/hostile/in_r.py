# Is a notebook in R.
# name: r
# ungraded: it is written in R, not in Python
# metadata: {"kernelspec": {"language": "R"}}
