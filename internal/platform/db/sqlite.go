package db

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	sqlitedriver "modernc.org/sqlite"

	"github.com/interim-access/interim/internal/platform/fault"
)

// readers is the number of connections that read; a 5th reader waits.
const readers = 4

// pragmas of every connection. A group is on disk before it is acknowledged
// (synchronous=FULL); what a savepoint may have to undo stays in memory. The
// log is moved into the file by the mover; at 256 MiB of it the mover fails,
// and wal_autocheckpoint has the writer move it.
var pragmas = []string{
	"busy_timeout(5000)", "journal_mode(wal)", "synchronous(full)", "foreign_keys(1)", "automatic_index(0)", "temp_store(memory)",
	"journal_size_limit(67108864)", "wal_autocheckpoint(65536)",
}

// sqlite is the backend inside the process.
type sqlite struct {
	lock   *os.File
	idle   idle
	writer *writer

	closing   chan struct{}
	closeOnce sync.Once
	closeErr  error
}

// idle are the readers that are free. The one that was used last is taken first: it has at hand, prepared and in its cache, what is
// asked for most, and those that the load does not need hold nothing.
type idle struct {
	free chan struct{} // one for each of them

	mu    sync.Mutex
	conns []*sqliteConn
}

func (i *idle) put(c *sqliteConn) {
	i.mu.Lock()
	i.conns = append(i.conns, c)
	i.mu.Unlock()
	i.free <- struct{}{}
}

// taken is a reader for one that was received from free.
func (i *idle) taken() *sqliteConn {
	i.mu.Lock()
	defer i.mu.Unlock()
	last := len(i.conns) - 1
	c := i.conns[last]
	i.conns = i.conns[:last]
	return c
}

func openSQLite(ctx context.Context, o Options) (_ *sqlite, err error) {
	path, err := filepath.Abs(o.Path)
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "the data folder cannot be used")
	}
	s := &sqlite{idle: idle{free: make(chan struct{}, readers)}, closing: make(chan struct{})}
	if s.lock, err = lockFile(path + ".lock"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = s.close()
		}
	}()
	if err := private(path); err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "the database file cannot be opened")
	}
	dsn := url.URL{Scheme: "file", Path: path, RawQuery: url.Values{"_pragma": pragmas, "_dqs": {"0"}}.Encode()}
	if err := migrateSQLite(ctx, dsn.String(), o); err != nil {
		return nil, opening(sqliteError(err))
	}
	for range readers {
		c, err := connectSQLite(path, append(slices.Clone(pragmas), "query_only(1)", "cache_size(-8192)")...)
		if err != nil {
			return nil, opening(err)
		}
		s.idle.put(c)
	}
	// What a transaction of a burst changes stays in memory: 64 MiB, taken when they are needed. With less SQLite writes pages out in the
	// middle of it and reads them again.
	c, err := connectSQLite(path, append(slices.Clone(pragmas), "cache_size(-65536)")...)
	if err != nil {
		return nil, opening(err)
	}
	log, err := startMover(path)
	if err != nil {
		return nil, errors.Join(opening(err), c.close())
	}
	s.writer = startWriter(c, log)
	return s, nil
}

// private makes the file, if it is missing, for nobody else to read; SQLite
// would leave that to the umask, and gives its log the same mode.
func private(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

// migrateSQLite uses a connection of its own, through database/sql, because
// goose does.
func migrateSQLite(ctx context.Context, dsn string, o Options) error {
	connector, err := sqlitedriver.NewConnector(dsn)
	if err != nil {
		return err
	}
	d := sql.OpenDB(connector)
	d.SetMaxOpenConns(1)
	return errors.Join(migrate(ctx, d, SQLite, o), d.Close())
}

// opening makes sure that Open answers with a fault.
func opening(err error) error {
	var f *fault.Fault
	if errors.As(err, &f) || err == nil {
		return err
	}
	return fault.Wrap(fault.Unavailable, err, "the database cannot be opened")
}

// take returns a free reader; the caller gives it back to s.idle.
func (s *sqlite) take(ctx context.Context) (*sqliteConn, error) {
	if err := ctx.Err(); err != nil {
		return nil, fault.Of(err)
	}
	select {
	case <-s.idle.free:
		return s.idle.taken(), nil
	default:
	}
	select {
	case <-s.idle.free:
		return s.idle.taken(), nil
	case <-ctx.Done():
		return nil, fault.Of(ctx.Err())
	case <-s.closing:
		return nil, errClosed
	}
}

func (s *sqlite) pool(ctx context.Context) runner { return &sqlitePool{s, ctx} }

// sqlitePool runs each statement on a reader that is free.
type sqlitePool struct {
	s   *sqlite
	ctx context.Context // of the request
}

func (p *sqlitePool) exec(text string, args []any) (int64, error) {
	c, err := p.s.take(p.ctx)
	if err != nil {
		return 0, err
	}
	defer p.s.idle.put(c)
	return c.exec(text, args)
}

func (p *sqlitePool) query(text string, args []any) (cursor, error) {
	return p.start(p.ctx, text, args)
}

// row spares a point read the driver's watch over its context, which costs as
// much as the read.
func (p *sqlitePool) row(text string, args []any) (cursor, error) {
	return p.start(context.Background(), text, args)
}

func (p *sqlitePool) start(watched context.Context, text string, args []any) (cursor, error) {
	c, err := p.s.take(p.ctx)
	if err != nil {
		return nil, err
	}
	rows, err := c.query(watched, text, args)
	if err != nil {
		p.s.idle.put(c)
		return nil, err
	}
	rows.giveBack = &p.s.idle
	return rows, nil
}

func (s *sqlite) read(ctx context.Context, fn func(runner) error) error {
	c, err := s.take(ctx)
	if err != nil {
		return err
	}
	defer func() {
		c.endRows()
		_, _ = c.exec("rollback", nil)
		s.idle.put(c)
	}()
	if _, err := c.exec("begin", nil); err != nil {
		return err
	}
	t := &sqliteTx{conn: c, ctx: ctx}
	defer t.end()
	if err := fn(t); err != nil {
		return err
	}
	return t.err
}

func (s *sqlite) write(ctx context.Context, fn func(*Tx) error) (*Tx, error) {
	return s.writer.do(ctx, fn)
}

func (s *sqlite) publish([]note) {} // there is one process

func (s *sqlite) ping(ctx context.Context) error {
	var n int
	return session{s.pool(ctx)}.Row("select count(*) from schema_info").Scan(&n)
}

// drain bounds how long close waits for results that somebody still reads.
const drain = 3 * time.Second

func (s *sqlite) close() error {
	s.closeOnce.Do(func() {
		close(s.closing)
		patience, cancel := context.WithTimeout(context.Background(), drain)
		defer cancel()
		drained := true
		for open := s.opened(); open > 0; open-- {
			select {
			case <-s.idle.free:
				s.closeErr = errors.Join(s.closeErr, s.idle.taken().close())
			case <-patience.Done():
				s.closeErr = errors.Join(s.closeErr, errors.New("db: closed while rows were being read"))
				drained, open = false, 1
			}
		}
		if s.writer != nil { // the last to close: it moves the log into the file
			s.closeErr = errors.Join(s.closeErr, s.writer.close(drained))
		}
		s.closeErr = errors.Join(s.closeErr, s.lock.Close())
	})
	return s.closeErr
}

// opened is how many readers there are to close: all of them, unless Open
// failed on the way.
func (s *sqlite) opened() int {
	if s.writer == nil {
		return len(s.idle.free)
	}
	return readers
}
