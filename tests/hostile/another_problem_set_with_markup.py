# Says that it is a problem set whose name is markup.
# name: third
# ungraded: it is <script>alert
# metadata: {"assignment": {"name": "<script>alert(1)</script><img src=x onerror=alert(1)>"}}
