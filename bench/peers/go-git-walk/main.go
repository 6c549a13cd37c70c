// Clones a repository with go-git and walks the commits of all its refs, as commit-indexing services in Go do.
// Usage: go-git-walk URL DIRECTORY
package main

import (
	"fmt"
	"os"

	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing/object"
)

func main() {
	repository, err := git.PlainClone(os.Args[2], true, &git.CloneOptions{URL: os.Args[1], Tags: git.AllTags})
	check(err)
	commits, err := repository.Log(&git.LogOptions{All: true})
	check(err)
	seen, authors := 0, map[string]bool{}
	check(commits.ForEach(func(commit *object.Commit) error {
		seen++
		authors[commit.Author.Email] = true
		_ = commit.Committer.When
		return nil
	}))
	fmt.Printf("%d %d\n", seen, len(authors))
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
