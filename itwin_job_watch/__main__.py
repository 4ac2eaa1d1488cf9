"""``python3 -m itwin_job_watch``."""

from itwin_job_watch.cli import main

if __name__ == "__main__":
    main(prog_name="itwin-job-watch")
