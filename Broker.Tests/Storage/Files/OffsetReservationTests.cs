using Broker.Storage.Files;
using Broker.Tests.Storage.SimulatedDisk;

namespace Broker.Tests.Storage.Files;

public sealed class OffsetReservationTests
{
    private const string Path = "/data/offsets";

    private readonly SimulatedFiles _files = new(seed: 1);

    [Fact]
    public void Offsets_are_reserved_in_blocks_and_a_further_one_is_called_for_in_time()
    {
        using OffsetReservation reservation = new(_files, Path);
        Assert.False(reservation.Ensure(1));
        Assert.Equal(1 + OffsetReservation.Block, reservation.Reserved);
        Assert.False(reservation.Ensure(OffsetReservation.Block / 2));
        Assert.True(reservation.Ensure(OffsetReservation.Block));
        reservation.Extend();
        Assert.Equal(1 + 2 * OffsetReservation.Block, reservation.Reserved);
        Assert.False(reservation.Ensure(OffsetReservation.Block));
    }

    [Fact]
    public void What_was_closed_is_found_closed_until_it_is_used_again()
    {
        using (OffsetReservation reservation = new(_files, Path))
        {
            reservation.Ensure(10);
            reservation.Close(10);
            // The syncer may come late.
            reservation.Extend();
        }

        using OffsetReservation opened = new(_files, Path);
        opened.Open();
        Assert.Equal(10, opened.CleanEnd);
        opened.Ensure(11);
        Assert.Null(opened.CleanEnd);
        using OffsetReservation again = new(_files, Path);
        again.Open();
        Assert.Null(again.CleanEnd);
        Assert.Equal(11 + OffsetReservation.Block, again.Reserved);
        Assert.False(again.IsDamaged);
    }
}
