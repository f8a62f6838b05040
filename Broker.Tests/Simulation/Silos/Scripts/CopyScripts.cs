namespace Broker.Tests.Simulation.Silos.Scripts;

/// <summary>Who may change what a call carries.</summary>
public static class CopyScripts
{
    [Outcome("mine: caller", "answer: caller+grain", "copied: True")]
    public static async Task An_argument_is_copied(ScriptStage stage)
    {
        Parcel mine = NewParcel();
        Parcel answer = await stage.Plain("a").Mark(mine);
        Tell(stage, mine, answer);
        stage.Note($"copied: {!ReferenceEquals(mine, answer)}");
    }

    [Outcome("answer: caller+grain")]
    public static async Task A_caller_may_change_an_argument_once_the_call_is_made(ScriptStage stage)
    {
        Parcel mine = NewParcel();
        Task<Parcel> call = stage.Plain("a").Mark(mine);
        mine.Marks.Add("late");
        stage.Note($"answer: {await call}");
    }

    [Outcome("mine: caller+grain", "answer: caller+grain", "the answer is copied: True")]
    public static async Task An_argument_said_to_be_immutable_is_not_copied(ScriptStage stage)
    {
        Parcel mine = NewParcel();
        Parcel answer = await stage.Plain("a").MarkUncopied(mine);
        Tell(stage, mine, answer);
        stage.Note($"the answer is copied: {!ReferenceEquals(mine, answer)}");
    }

    [Outcome("mine: caller+grain", "one object all the way: True")]
    public static async Task A_class_said_to_be_immutable_is_never_copied(ScriptStage stage)
    {
        SealedParcel mine = new();
        mine.Marks.Add("caller");
        SealedParcel answer = await stage.Plain("a").MarkSealed(mine);
        stage.Note($"mine: {mine}");
        stage.Note($"one object all the way: {ReferenceEquals(mine, answer)}");
    }

    [Outcome("second answer: caller", "each has its own: True")]
    public static async Task A_result_is_copied(ScriptStage stage)
    {
        IScripted grain = stage.Plain("a");
        Parcel first = await grain.Keep(NewParcel());
        first.Marks.Add("first caller");
        Parcel second = await grain.Keep(NewParcel());
        stage.Note($"second answer: {second}");
        stage.Note($"each has its own: {!ReferenceEquals(first, second)}");
    }

    [Outcome("mine: caller", "answer: caller+grain")]
    public static async Task A_call_from_grain_to_grain_copies_too(ScriptStage stage)
    {
        await stage.Plain("a").Run(async _ =>
        {
            Parcel mine = NewParcel();
            Tell(stage, mine, await stage.Plain("b").Mark(mine));
        });
    }

    [Outcome("one for two arguments: True", "two objects: False")]
    public static async Task What_is_one_object_in_two_arguments_is_one_for_the_grain_too(ScriptStage stage)
    {
        Parcel one = NewParcel();
        stage.Note($"one for two arguments: {await stage.Plain("a").AreOne(one, one)}");
        stage.Note($"two objects: {await stage.Plain("a").AreOne(one, NewParcel())}");
    }

    [Outcome("told by b")]
    public static async Task A_reference_to_a_grain_can_be_an_argument(ScriptStage stage) =>
        stage.Note(await stage.Plain("a").AskOther(stage.Plain("b"), grain => Task.FromResult($"told by {grain.IdentityString[^1]}")));

    private static Parcel NewParcel()
    {
        Parcel parcel = new();
        parcel.Marks.Add("caller");
        return parcel;
    }

    private static void Tell(ScriptStage stage, Parcel mine, Parcel answer)
    {
        stage.Note($"mine: {mine}");
        stage.Note($"answer: {answer}");
    }
}
