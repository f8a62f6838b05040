using Broker.Protocol;
using Broker.Silo.Flags;
using FsCheck;
using FsCheck.Fluent;

namespace Broker.Tests.Silo;

public sealed class GoDurationTests
{
    [Theory]
    [InlineData("1h", 3_600_000)]
    [InlineData("250ms", 250)]
    [InlineData("1m30s", 90_000)]
    [InlineData("2s", 2_000)]
    [InlineData("1.5h", 5_400_000)]
    [InlineData("0", 0)]
    [InlineData("0s", 0)]
    [InlineData("-2s", -2_000)]
    [InlineData("+2s", 2_000)]
    [InlineData(".5s", 500)]
    [InlineData("1.s", 1_000)]
    [InlineData("2500us", 2.5)]
    [InlineData("2500µs", 2.5)]
    [InlineData("2500μs", 2.5)]
    [InlineData("1000000ns", 1)]
    [InlineData("1s1h", 3_601_000)]
    public void Go_spellings_are_read(string text, double milliseconds)
    {
        Assert.True(GoDuration.TryParse(text, out TimeSpan value));
        Assert.Equal(TimeSpan.FromMilliseconds(milliseconds), value);
    }

    [Theory]
    [InlineData("")]
    [InlineData("60")]
    [InlineData("-")]
    [InlineData("s")]
    [InlineData(".s")]
    [InlineData("1.2.3s")]
    [InlineData("1 s")]
    [InlineData("1d")]
    [InlineData("1S")]
    [InlineData("1h30")]
    [InlineData("00:01:00")]
    [InlineData("9223372037s")]
    [InlineData("99999999999999999999999999999999999h")]
    public void What_Go_refuses_is_refused(string text) => Assert.False(GoDuration.TryParse(text, out _));

    [Theory]
    [InlineData(0, "0s")]
    [InlineData(1, "100ns")]
    [InlineData(15, "1.5µs")]
    [InlineData(2_500_000, "250ms")]
    [InlineData(15_000_000, "1.5s")]
    [InlineData(900_000_000, "1m30s")]
    [InlineData(-36_000_000_000, "-1h0m0s")]
    public void Durations_are_written_as_Go_prints_them(long ticks, string text) =>
        Assert.Equal(text, GoDuration.Format(TimeSpan.FromTicks(ticks)));

    [Fact]
    public void Every_duration_that_Go_can_hold_survives_writing_and_reading()
    {
        // Go's greatest duration is some 9,223,372,036 s.
        Gen<long> any =
            from high in Gen.Choose(-922_337_202, 922_337_202)
            from low in Gen.Choose(0, 99_999_999)
            select (high * 100_000_000L) + low;
        Gen<long> small = Gen.Choose(-100_000_000, 100_000_000).Select(n => (long)n);
        Gen<long> tiny = Gen.Choose(-20, 20).Select(n => (long)n);
        Gen<long> ticks = Gen.OneOf(any, small, tiny);
        Prop.ForAll(ticks.ToArbitrary(), n =>
        {
            TimeSpan value = TimeSpan.FromTicks(n);
            return GoDuration.TryParse(GoDuration.Format(value), out TimeSpan read) && read == value;
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void No_text_makes_the_parser_throw()
    {
        Gen<string> texts = Gen.Elements("0123456789.-+hmsunµ ".ToCharArray()).ArrayOf().Select(chars => new string(chars));
        Prop.ForAll(texts.ToArbitrary(), text =>
        {
            GoDuration.TryParse(text, out _);
            GoInteger.TryParse(text, out _);
        }).QuickCheckThrowOnFailure();
    }
}
