package iam

import (
	"crypto/rand"
	"fmt"
	"math/big"
	"strings"
)

// The words client names are made of: short, friendly, told apart on the telephone.
var (
	adjectives = strings.Fields(`agile amber ample azure balmy bold brave breezy bright brisk calm candid cheery chilly civil
		clever cobalt cosmic cozy crisp curious dainty dapper daring deft dewy eager early earnest easy fabled fair famous fancy fleet
		fluent fond frank fresh frosty gentle gilded glad golden graceful grand happy hardy hasty hazel helpful honest humble icy ideal
		indigo ivory jade jolly jovial keen kind lavish lively loyal lucid lucky lunar lush maple mellow merry mighty mild mint misty
		modest mossy nimble noble novel olive opal orderly patient peppy placid plucky polite proud prudent quick quiet rapid ready
		robust rosy royal ruby rustic sandy scarlet serene sharp silent silver sincere sleek snowy solar solid spry stable steady
		stellar sunny swift tall tender tidy timely tranquil trusty upbeat urban velvet verdant vivid warm wise witty woody zesty`)
	animals = strings.Fields(`adder albatross alpaca antelope badger bat bear beaver beetle bison bobcat buffalo bunting camel
		canary caribou cat cheetah chickadee chipmunk cicada civet cobra condor coral cormorant cougar coyote crab crane cricket crow
		cuckoo deer dingo dolphin donkey dormouse dove dragonfly duck eagle eel egret elk emu ermine falcon ferret finch firefly
		flamingo fox frog gannet gazelle gecko gibbon goose grouse gull hamster hare hawk hedgehog heron hornet horse ibex ibis iguana
		impala jackal jaguar jay kestrel kingfisher kiwi koala lark lemming lemur leopard linnet lizard llama lobster loon lynx
		macaw magpie mallard manatee marmot marten martin meerkat mink mole mongoose moose moth mouse newt nightingale ocelot octopus
		okapi opossum orca oriole osprey ostrich otter owl oyster panda panther parrot partridge pelican penguin pigeon plover pony
		porcupine puffin puma quail rabbit raccoon ram raven robin rook salmon seal shark sheep shrew skylark sloth snail sparrow
		squirrel starling stoat stork swallow swan swift tapir tern thrush tiger toad toucan trout turtle viper vole wallaby walrus
		wasp weasel whale wolf wombat woodpecker wren yak zebra`)
)

// clientName makes a client id: adjective-animal-number@host/suffix, the form official clients take the host from
// (c1-api.md, section 1.3). Names are not secret; that no two are alike is for the database to say.
func clientName(host, suffix string) string {
	return fmt.Sprintf("%s-%s-%05d@%s/%s", adjectives[dice(len(adjectives))], animals[dice(len(animals))], 10000+dice(90000), host, suffix)
}

func dice(n int) int {
	v, _ := rand.Int(rand.Reader, big.NewInt(int64(n))) // never fails: crypto/rand ends the process instead
	return int(v.Int64())
}
