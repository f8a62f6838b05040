namespace Broker.Admin;

/// <summary>A page that says why there is no other.</summary>
/// <param name="Title">What is wrong.</param>
/// <param name="Text">What to do.</param>
public sealed record ErrorModel(string Title, string Text);
