package pgtest

// Launch starts a server of its own for a program that is no test: one that keeps what it acknowledged, with further settings such as
// "shared_buffers=256MB". It is gone with the program; remove makes it go sooner.
func Launch(settings ...string) (s *Instance, remove func(), err error) {
	if s, err = create(); err != nil {
		return nil, nil, err
	}
	s.settings = settings
	if err := s.Start(); err != nil {
		s.remove()
		return nil, nil, err
	}
	return s, s.remove, nil
}
