from httpx import main

main(prog_name="httpx")
