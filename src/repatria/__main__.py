from repatria.cli import main

main()
