using Broker.Grains.Channels;
using Broker.Storage;

namespace Broker.Tests.Grains;

public sealed class ProgressNotesTests
{
    private readonly ProgressNotes _notes = new(start: 10, ownsBodies: false);

    [Fact]
    public void Neighbours_become_one_note_and_the_floor_follows()
    {
        foreach (long offset in (long[])[12, 13, 10, 11])
            _notes.Finish(offset);
        _notes.Complete();

        Assert.Equal(
            [
                new ProgressEntry(ProgressKind.Finished, 12, 14),
                new ProgressEntry(ProgressKind.Finished, 10, 12),
                new ProgressEntry(ProgressKind.Floor, 14),
            ],
            _notes.Entries);
    }

    [Fact]
    public void What_waits_again_is_noted_behind_what_was_finished_before()
    {
        _notes.Finish(11);
        _notes.NoteAttempts(10, 3);
        _notes.NoteDeferral(12, 1, due: 99);

        Assert.Equal(
            [
                new ProgressEntry(ProgressKind.Finished, 11, 12),
                new ProgressEntry(ProgressKind.Attempts, 10, 0, 3),
                new ProgressEntry(ProgressKind.Deferred, 12, 99, 1),
            ],
            _notes.Entries);
    }

    [Fact]
    public void A_kept_message_holds_no_floor_and_one_that_was_finished_meanwhile_is_forgotten_by_the_store()
    {
        Assert.True(_notes.Keep(10));
        Assert.True(_notes.IsKept(10));
        Assert.Equal(11, _notes.Floor);
        _notes.Finish(10);
        Assert.False(_notes.IsKept(10));
        Assert.False(_notes.Keep(10));
        _notes.Complete();

        // The copy is dropped by what says that the message is finished.
        Assert.Equal(2, _notes.Entries.Count(entry => entry is { Kind: ProgressKind.Finished, Offset: 10, Value: 11 }));
    }

    [Fact]
    public void A_channel_that_owns_its_bodies_notes_no_message()
    {
        ProgressNotes notes = new(start: 0, ownsBodies: true);
        notes.Finish(1);
        notes.Complete();
        Assert.Empty(notes.Entries);
        Assert.True(notes.IsFinished(1));
    }
}
