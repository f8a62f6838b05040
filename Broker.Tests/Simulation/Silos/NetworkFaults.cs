namespace Broker.Tests.Simulation.Silos;

/// <summary>What may become of a message between two processes; chances in a thousand.</summary>
public sealed record NetworkFaults
{
    /// <summary>A network that loses nothing.</summary>
    public static NetworkFaults None { get; } = new();

    /// <summary>A call that asks for no answer never arrives.</summary>
    public int LosesNotices { get; init; }

    /// <summary>A call never arrives.</summary>
    public int LosesCalls { get; init; }

    /// <summary>A call is carried out, and its answer never arrives.</summary>
    public int LosesAnswers { get; init; }

    /// <summary>A message is overtaken by those of the next half second.</summary>
    public int Reorders { get; init; }

    /// <summary>A message takes so long that its caller may have given up.</summary>
    public int Delays { get; init; }

    /// <summary>A call is carried out twice.</summary>
    public int Doubles { get; init; }

    /// <summary>A call seems to be lost, and is carried out long after its caller has given up.</summary>
    public int RunsLate { get; init; }

    /// <summary>Faults of a network drawn at random: each kind is there or not, so that none always hides what another would show.</summary>
    public static NetworkFaults Draw(Random random)
    {
        return new NetworkFaults
        {
            LosesNotices = Chance(25),
            LosesCalls = Chance(20),
            LosesAnswers = Chance(20),
            Reorders = Chance(50),
            Delays = Chance(10),
            Doubles = Chance(20),
            RunsLate = Chance(10),
        };

        int Chance(int most) => random.Next(2) == 0 ? 0 : random.Next(1, most + 1);
    }
}
